import {
  type Dashboard as ClassicDashboard,
  type Panel as ClassicPanel,
  type RowPanel,
  type VariableModel,
  VariableType,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  type AnnotationQueryKind,
  type Dashboard as ResourceDashboard,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkType,
  type DataQueryKind,
  type DatasourceVariableKind,
  type FieldConfigSource,
  type GridLayoutItemKind,
  type PanelKind,
  type QueryVariableKind,
  type RowsLayoutRowKind,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboardv2";
import { classicDashboard, type DashboardSettings } from "./classic.ts";
import type { Dashboard } from "./model.ts";
import { datasource } from "./target.ts";

/** A dashboard as a resource of Grafana's API, which file provisioning reads too; the uid is its name. */
export interface DashboardResource {
  readonly apiVersion: "dashboard.grafana.app/v2";
  readonly kind: "Dashboard";
  readonly metadata: { readonly name: string };
  readonly spec: ResourceDashboard;
}

type Shown = ClassicPanel | RowPanel;

/** The same dashboard in the form of Grafana 13: panels are elements, and rows lay them out. */
export function resourceDashboard(dashboard: Dashboard, settings: DashboardSettings): DashboardResource {
  const classic = classicDashboard(dashboard, settings);
  const shown = classic.panels ?? [];
  const panels = shown.filter(isPanel);
  const spec: ResourceDashboard = {
    title: dashboard.title,
    description: dashboard.description,
    tags: classic.tags ?? [],
    editable: false,
    preload: false,
    cursorSync: DashboardCursorSync.Crosshair,
    timeSettings: {
      timezone: "browser",
      from: dashboard.from,
      to: "now",
      autoRefresh: classic.refresh ?? "",
      autoRefreshIntervals: ["15s", "30s", "1m", "5m", "15m"],
      hideTimepicker: false,
      fiscalYearStartMonth: 0,
    },
    variables: (classic.templating.list ?? []).map(variable),
    annotations: annotations(classic),
    links: links(classic),
    elements: Object.fromEntries(panels.map((panel) => [elementName(panel), element(panel)])),
    layout: { kind: "RowsLayout", spec: { rows: rows(shown) } },
  };
  return {
    apiVersion: "dashboard.grafana.app/v2",
    kind: "Dashboard",
    metadata: { name: classic.uid ?? dashboard.name },
    spec,
  };
}

function isPanel(shown: Shown): shown is ClassicPanel {
  return shown.type !== "row";
}

const elementName = ({ id = 0 }: ClassicPanel): string => `panel-${id}`;

function prometheusQuery(spec: object): DataQueryKind {
  return { kind: "DataQuery", group: "prometheus", version: "v0", datasource: { name: datasource.uid }, spec };
}

function element(panel: ClassicPanel): PanelKind {
  const queries = (panel.targets ?? []).map((target) => {
    const { refId = "A", datasource: _, ...spec } = Object(target);
    return { kind: "PanelQuery" as const, spec: { query: prometheusQuery(spec), refId, hidden: false } };
  });
  const transformations = (panel.transformations ?? []).map(({ id, options }) => ({
    kind: "Transformation" as const,
    group: id,
    spec: { options },
  }));
  const fieldConfig: FieldConfigSource = Object.assign({ defaults: {}, overrides: [] }, panel.fieldConfig);
  return {
    kind: "Panel",
    spec: {
      id: panel.id ?? 0,
      title: panel.title ?? "",
      description: panel.description ?? "",
      links: [],
      data: {
        kind: "QueryGroup",
        spec: {
          queries,
          transformations,
          queryOptions: panel.interval === undefined ? {} : { interval: panel.interval },
        },
      },
      vizConfig: {
        kind: "VizConfig",
        group: panel.type,
        version: "",
        spec: { options: panel.options ?? {}, fieldConfig },
      },
    },
  };
}

/** A heading begins a row; what stands above the first one has no heading. */
function rows(shown: readonly Shown[]): RowsLayoutRowKind[] {
  const begun: { title: string | undefined; top: number; panels: ClassicPanel[] }[] = [];
  for (const one of shown) {
    if (!isPanel(one)) begun.push({ title: one.title, top: (one.gridPos?.y ?? 0) + 1, panels: [] });
    else if (begun.length === 0) begun.push({ title: undefined, top: one.gridPos?.y ?? 0, panels: [one] });
    else begun.at(-1)?.panels.push(one);
  }
  return begun.map(({ title, top, panels }) => ({
    kind: "RowsLayoutRow",
    spec: {
      ...(title === undefined ? { hideHeader: true } : { title }),
      collapse: false,
      layout: { kind: "GridLayout", spec: { items: panels.map((panel) => gridItem(panel, top)) } },
    },
  }));
}

function gridItem(panel: ClassicPanel, top: number): GridLayoutItemKind {
  const { x, y, w, h } = panel.gridPos ?? { x: 0, y: top, w: 24, h: 8 };
  return {
    kind: "GridLayoutItem",
    spec: { x, y: y - top, width: w, height: h, element: { kind: "ElementReference", name: elementName(panel) } },
  };
}

function variable(model: VariableModel): DatasourceVariableKind | QueryVariableKind {
  const common = {
    name: model.name,
    label: model.label ?? model.name,
    description: model.description ?? "",
    hide: VariableHide.DontHide,
    skipUrlSync: false,
    regex: "",
    options: [],
    multi: model.multi ?? false,
    includeAll: model.includeAll ?? false,
    allowCustomValue: true,
  };
  if (model.type === VariableType.Datasource) {
    const current = { text: "default", value: "default" };
    const spec = { ...common, pluginId: "prometheus", refresh: VariableRefresh.OnDashboardLoad, current };
    return { kind: "DatasourceVariable", spec };
  }
  const query = typeof model.query === "object" ? model.query : {};
  return {
    kind: "QueryVariable",
    spec: {
      ...common,
      current: { text: ["All"], value: ["$__all"] },
      ...(model.allValue === undefined ? {} : { allValue: model.allValue }),
      refresh: VariableRefresh.OnTimeRangeChanged,
      sort: VariableSort.AlphabeticalAsc,
      query: prometheusQuery(query),
    },
  };
}

function annotations({ annotations: { list = [] } }: ClassicDashboard): AnnotationQueryKind[] {
  return list.map(({ name, enable, iconColor, expr, titleFormat, textFormat }) => ({
    kind: "AnnotationQuery",
    spec: {
      name,
      enable,
      hide: false,
      iconColor,
      query: prometheusQuery({ expr }),
      legacyOptions: { titleFormat, textFormat },
    },
  }));
}

function links({ links: list = [] }: ClassicDashboard): DashboardLink[] {
  return list.map(({ title, icon, tooltip, tags, asDropdown, targetBlank, includeVars, keepTime }) => ({
    title,
    type: DashboardLinkType.Dashboards,
    icon,
    tooltip,
    tags,
    asDropdown,
    targetBlank,
    includeVars,
    keepTime,
  }));
}

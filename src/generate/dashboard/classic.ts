import {
  AnnotationQueryBuilder,
  type Dashboard as ClassicDashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type GridPos,
  type RowPanel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { deployMarked } from "../../catalogue/jobqueue.ts";
import { above, increase, render } from "../../promql/promql.ts";
import { alertListPanel } from "./alert-list.ts";
import { type ClassicPanel, panelId, type Place } from "./frame.ts";
import { heatmapPanel } from "./heatmap.ts";
import { dashboardUid } from "./link.ts";
import type { Dashboard, Panel } from "./model.ts";
import { targetScope } from "./queries.ts";
import { tablePanel } from "./table.ts";
import { datasource } from "./target.ts";
import { timeseriesPanel } from "./timeseries.ts";
import { barsPanel, statPanel } from "./values.ts";
import { datasourceVariable, queryVariable } from "./variable.ts";

/** What the config decides about dashboards. */
export interface DashboardSettings {
  /** Seconds between two reads of the agent. */
  readonly interval: number;
}

/** On every dashboard: the links between them find each other by it. */
const tag = "queuewatch";

/** A dashboard as Grafana's files have it (schema 42, read by Grafana 11 to 13). */
export function classicDashboard(dashboard: Dashboard, settings: DashboardSettings): ClassicDashboard {
  const builder = new DashboardBuilder(dashboard.title)
    .uid(dashboardUid(dashboard.name))
    .description(dashboard.description)
    .tags([tag, "background jobs"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .timezone("browser")
    .time({ from: dashboard.from, to: "now" })
    .refresh("30s")
    .variables([datasourceVariable(), ...dashboard.variables.map(queryVariable)])
    .links([linksToAll()])
    .annotations([deployMarks()]);
  const plain: ClassicDashboard = JSON.parse(JSON.stringify(builder.build()));
  const panels = laidOut(dashboard, settings.interval);
  return Object.assign(plain, {
    panels,
    links: plain.links?.map(inSight),
    annotations: { list: plain.annotations.list?.map(inSight) },
  });
}

/** One link for each dashboard, in a row above the panels. */
function linksToAll(): DashboardLinkBuilder {
  return new DashboardLinkBuilder("queuewatch")
    .type(DashboardLinkType.Dashboards)
    .tags([tag])
    .asDropdown(false)
    .includeVars(true)
    .keepTime(true);
}

/** A line where a deploy was marked. */
function deployMarks(): AnnotationQueryBuilder {
  const marks = above(increase(deployMarked, "$__rate_interval", targetScope), 0);
  return new AnnotationQueryBuilder()
    .name("Deploys")
    .enable(true)
    .hide(false)
    .iconColor("blue")
    .datasource(datasource)
    .expr(render(marks))
    .titleFormat("Deploy")
    .textFormat("{{target}}");
}

/** The builder hides links and annotations in a menu, and knows no other place. */
function inSight<T extends object>(shown: T): T {
  const copy: T & { placement?: unknown } = { ...shown };
  delete copy.placement;
  return copy;
}

/** Headings and panels on Grafana's grid of 24 columns, from top to bottom. */
function laidOut(dashboard: Dashboard, interval: number): (ClassicPanel | RowPanel)[] {
  let y = 0;
  return dashboard.rows.flatMap((row) => {
    const heading = row.title === undefined ? [] : [headingPanel(row.title, y)];
    y += heading.length;
    let x = 0;
    const panels = row.panels.map((panel) => {
      const grid = { x, y, w: panel.width, h: row.height };
      x += panel.width;
      return classicPanel(panel, { grid, interval });
    });
    y += row.height;
    return [...heading, ...panels];
  });
}

function headingPanel(title: string, y: number): RowPanel {
  const grid: GridPos = { x: 0, y, w: 24, h: 1 };
  return { type: "row", collapsed: false, title, gridPos: grid, id: panelId(`row: ${title}`), panels: [] };
}

/** One panel, by its kind. */
function classicPanel(panel: Panel, place: Place): ClassicPanel {
  switch (panel.kind) {
    case "timeseries":
      return timeseriesPanel(panel, place);
    case "stat":
      return statPanel(panel, place);
    case "bars":
      return barsPanel(panel, place);
    case "table":
      return tablePanel(panel, place);
    case "heatmap":
      return heatmapPanel(panel, place);
    case "alerts":
      return alertListPanel(panel, place.grid);
  }
}

import { generateDashboards } from "../../src/generate/grafana-dashboard.ts";

/** A dashboard as its generated file has it, as far as tests look into it. */
export interface DashboardFile {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly editable: boolean;
  readonly schemaVersion: number;
  readonly panels: readonly PanelFile[];
  readonly links: readonly Readonly<Record<string, unknown>>[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: { readonly list: readonly VariableFile[] };
}

export interface PanelFile {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly interval?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly TargetFile[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly links?: readonly { readonly url: string }[];
      readonly custom?: object;
    };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: unknown };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

export interface TargetFile {
  readonly refId: string;
  readonly expr: string;
  readonly instant?: boolean;
  readonly legendFormat?: string;
}

export interface VariableFile {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly query: string | { readonly query: string };
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
}

/** All dashboards as they are generated, by name. */
export function dashboardFiles(interval = 15): ReadonlyMap<string, DashboardFile> {
  const files = generateDashboards({ interval }).filter(({ path }) => path.endsWith(".json"));
  return new Map(files.map(({ path, text }) => [path.replace(".json", ""), JSON.parse(text) as DashboardFile]));
}

/** What Grafana fills in: all values of every variable, and the intervals that follow from the range and the step. */
export function filledIn(
  text: string,
  dashboard: DashboardFile,
  when: { range: number; step: number; interval: number },
): string {
  const rate = Math.max(when.step + when.interval, 4 * when.interval);
  const intervals = text
    .replaceAll("$__rate_interval", `${rate}s`)
    .replaceAll("$__interval", `${when.step}s`)
    .replaceAll("$__range", `${when.range}s`);
  return dashboard.templating.list.reduce(
    (query, { name, allValue }) => query.replaceAll(`$${name}`, allValue ?? ".+"),
    intervals,
  );
}

/** What a variable asks: `label_values(selector, label)`. */
export function variableQuery({ query }: VariableFile): { match: string; label: string } {
  const text = typeof query === "string" ? query : query.query;
  const [, match = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(text) ?? [];
  return { match, label };
}

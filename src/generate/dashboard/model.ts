import type { Metric } from "../../catalogue/metric.ts";
import type { Expr, Query } from "../../promql/promql.ts";

/** A dashboard as people write it: what it shows, not how Grafana stores it. One file of dashboards/ each. */
export interface Dashboard {
  /** Part of its uid and its file's name. */
  readonly name: DashboardName;
  readonly title: string;
  /** What it answers, for whom. */
  readonly description: string;
  readonly variables: readonly VariableName[];
  /** What is shown at first: `now-3h`. */
  readonly from: string;
  readonly rows: readonly Row[];
}

export type DashboardName = "overview" | "queue" | "classes" | "workers" | "redis" | "threats" | "agent";

/** Variables besides the data source, in the order in which one narrows the next. */
export type VariableName = "environment" | "target" | "system" | "queue" | "class" | "host";

/** Panels of one height; they follow one another, 24 wide. */
interface Row {
  /** A heading above the panels. */
  readonly title?: string;
  readonly height: number;
  readonly panels: readonly Panel[];
}

export type Panel = TimeseriesPanel | StatPanel | TablePanel | BarsPanel | HeatmapPanel | AlertListPanel;

interface PanelBase {
  /** Names the panel for ever: its id is made of it, and alerts point to it. */
  readonly key: string;
  readonly title: string;
  /** What the panel says and what to do about it; the metrics' definitions are added. */
  readonly about: string;
  readonly width: number;
  /** Least seconds between two values, for queries that are dear; default: the agent's interval. */
  readonly step?: number;
}

interface ValuePanel extends PanelBase {
  /** The metric whose unit is shown; else `unit` says it. */
  readonly shows?: Metric;
  readonly unit?: Unit;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly thresholds?: readonly Threshold[];
  /** Instead of `No data`. */
  readonly noValue?: string;
  /** Where a series or a row leads. */
  readonly link?: Link;
}

export interface TimeseriesPanel extends ValuePanel {
  readonly kind: "timeseries";
  readonly series: readonly Series[];
  /** `stack`: areas on top of each other; `bars`: one bar for each interval; default: lines. */
  readonly draw?: "lines" | "area" | "stack" | "bars";
  /** A table of these values beside the series' names, for panels with many of them. */
  readonly legend?: "list" | "table" | "none";
  /** Logarithmic axis, base 10. */
  readonly logarithmic?: boolean;
}

export interface StatPanel extends ValuePanel {
  readonly kind: "stat";
  readonly series: readonly Series[];
  readonly mappings?: readonly Mapping[];
  /** Colours the whole tile rather than the number. */
  readonly filled?: boolean;
  /** What becomes the text: the value, or the series' name beside it. */
  readonly text?: "value" | "value_and_name" | "name";
}

export interface BarsPanel extends ValuePanel {
  readonly kind: "bars";
  readonly series: readonly Series[];
}

export interface HeatmapPanel extends PanelBase {
  readonly kind: "heatmap";
  /** Buckets: labels are `le` alone. */
  readonly buckets: Expr<"le", string> | Expr<"le">;
  /** The histogram whose unit the axis has. */
  readonly shows: Metric;
}

export interface TablePanel extends PanelBase {
  readonly kind: "table";
  /** Columns made of labels; labels that stand in none are not shown. */
  readonly labels: readonly LabelColumn[];
  readonly columns: readonly ValueColumn[];
  /** Titles of the columns to sort by, most important first; descending. */
  readonly sort: readonly string[];
  readonly noValue?: string;
}

export interface AlertListPanel extends PanelBase {
  readonly kind: "alerts";
  /** Only alerts whose labels match, e.g. `{team="security"}`; default: all of ours. */
  readonly matching?: string;
}

export interface LabelColumn {
  readonly label: string;
  readonly title: string;
  readonly link?: Link;
  readonly width?: number;
}

export interface ValueColumn {
  readonly title: string;
  readonly value: Query;
  readonly shows?: Metric;
  readonly unit?: Unit;
  readonly decimals?: number;
  readonly width?: number;
  readonly thresholds?: readonly Threshold[];
  readonly mappings?: readonly Mapping[];
  /** How a cell shows its threshold's colour; default: not. */
  readonly cell?: "text" | "background" | "gauge";
  readonly min?: number;
  readonly max?: number;
}

/** One query of a panel and what its series are called. */
export interface Series {
  readonly value: Query;
  /** A fixed name, or labels (Prometheus names) whose values make the name. */
  readonly legend: string | readonly string[];
  readonly look?: Look;
  readonly color?: Color;
  readonly unit?: Unit;
}

/** How a series stands out from its panel's: a promise that is broken, the past, the range of an estimate, a line on top. */
export type Look = "warning" | "critical" | "past" | "band" | "line" | "below zero";

/** Names of Grafana's palette, so that they fit the dark and the light theme. */
export type Color = "green" | "yellow" | "orange" | "red" | "blue" | "purple" | "text" | "gray" | "transparent";

export interface Threshold {
  /** From this value on; the first one is from minus infinity. */
  readonly from: number | undefined;
  readonly color: Color;
  /** The alert's threshold that the value is. */
  readonly setBy?: { readonly alert: string; readonly threshold: string };
}

export interface Mapping {
  readonly value: number;
  readonly text: string;
  readonly color: Color;
}

/** Units of Grafana that our panels use (grafana-data valueFormats/categories.ts, 13.2). */
export type Unit =
  | "short"
  | "none"
  | "s"
  | "bytes"
  | "Bps"
  | "percentunit"
  | "cps"
  | "dateTimeFromNow"
  | "ops"
  | "µs"
  | "ms";

/** A way to another dashboard that fills in variables from the series' or the row's labels. */
export interface Link {
  readonly to: DashboardName;
  readonly title: string;
  /** Variable by the label (Prometheus name) that fills it. */
  readonly fill: Readonly<Partial<Record<VariableName, string>>>;
}

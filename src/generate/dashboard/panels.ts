import type { AlertLimit } from "./alert-limit.ts";
import type { Expr } from "../../promql/promql.ts";
import { labelName } from "../../promql/source.ts";
import type {
  AlertListPanel,
  BarsPanel,
  Color,
  Dashboard,
  HeatmapPanel,
  LabelColumn,
  Look,
  Series,
  StatPanel,
  TablePanel,
  Threshold,
  TimeseriesPanel,
  Unit,
} from "./model.ts";

/** The words in which dashboards are written. */

export function dashboard(given: Dashboard): Dashboard {
  return given;
}

export function timeseries(given: Omit<TimeseriesPanel, "kind">): TimeseriesPanel {
  return { kind: "timeseries", ...given };
}

export function stat(given: Omit<StatPanel, "kind">): StatPanel {
  return { kind: "stat", ...given };
}

export function bars(given: Omit<BarsPanel, "kind">): BarsPanel {
  return { kind: "bars", ...given };
}

export function heatmap(given: Omit<HeatmapPanel, "kind">): HeatmapPanel {
  return { kind: "heatmap", ...given };
}

export function table(given: Omit<TablePanel, "kind">): TablePanel {
  return { kind: "table", ...given };
}

export function alertList(given: Omit<AlertListPanel, "kind">): AlertListPanel {
  return { kind: "alerts", ...given };
}

/** What sets a series apart. */
export interface SeriesOptions {
  readonly look?: Look;
  readonly color?: Color;
  readonly unit?: Unit;
}

/** A query and the name of its series: a text, or the labels that it carries and that tell its series apart. */
export function series<L extends string>(
  value: Expr<L>,
  legend: string | readonly NoInfer<L>[],
  options: SeriesOptions = {},
): Series {
  return { value, legend: typeof legend === "string" ? legend : legend.map(labelName), ...options };
}

/** A table's column of a label that all its queries carry. */
export function labelColumn(label: string, title: string, more: Partial<LabelColumn> = {}): LabelColumn {
  return { label: labelName(label), title, ...more };
}

/** Green until `warning`, then orange, and red from `critical` on. */
export function worseAbove(warning: Limit, critical: Limit): readonly Threshold[] {
  return [
    { from: undefined, color: "green" },
    { ...fromLimit(warning), color: "orange" },
    { ...fromLimit(critical), color: "red" },
  ];
}

/** A number of the dashboard's own, or an alert's. */
type Limit = number | AlertLimit;

function fromLimit(limit: Limit): Pick<Threshold, "from" | "setBy"> {
  if (typeof limit === "number") return { from: limit };
  const { value, alert, threshold } = limit;
  return { from: value, setBy: { alert, threshold } };
}

/** As `worseAbove`, for cells of tables: what is well is not coloured, so that the rest stands out. */
export function flaggedAbove(warning: Limit, critical: Limit): readonly Threshold[] {
  return [{ from: undefined, color: "transparent" }, ...worseAbove(warning, critical).slice(1)];
}

/** Red until `warning`, then orange, and green from `good` on. */
export function worseBelow(warning: number, good: number): readonly Threshold[] {
  return [
    { from: undefined, color: "red" },
    { from: warning, color: "orange" },
    { from: good, color: "green" },
  ];
}

/** Green at 0, else red: for what there should be none of. One event may be extrapolated to a little less than 1. */
export const noneIsGood: readonly Threshold[] = [
  { from: undefined, color: "green" },
  { from: 0.5, color: "red" },
];

/** Without judgement: numbers, and bars. */
export const plain: readonly Threshold[] = [{ from: undefined, color: "text" }];
export const plainBars: readonly Threshold[] = [{ from: undefined, color: "blue" }];

import type { HistogramValue, Metric } from "../catalogue/metric.ts";

/** The attributes of one point, its scope's common ones included. A name maps to a value that is ready for export. */
export type PointAttributes = Readonly<Record<string, string>>;

/** One point of a metric: the neutral form between the snapshot and every output. */
export interface Point {
  readonly attributes: PointAttributes;
  /** A number for gauges and counters; a counter's and a histogram's values are cumulative. */
  readonly value: number | HistogramValue;
  /** When a counter's count began, in ms since the epoch; undefined for gauges and for totals whose beginning is unknown. */
  readonly startMs: number | undefined;
}

/** All points of one metric at one moment. */
export interface Family {
  readonly metric: Metric;
  readonly points: readonly Point[];
  /** Series that ended: each gets one NO_RECORDED_VALUE point where a destination understands it. */
  readonly ended: readonly PointAttributes[];
}

/** What one tick of one source (a target, or the agent itself) gave; every destination gets the same. */
export interface Collection {
  /** The target's name; undefined for the agent's own metrics. */
  readonly target: string | undefined;
  /** Time of the points: the agent's clock, in ms since the epoch. */
  readonly timeMs: number;
  readonly families: readonly Family[];
}

/** A text that tells series of one metric apart: attributes in a fixed order. */
export function seriesKey(attributes: PointAttributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

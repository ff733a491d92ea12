import type { Metric } from "../../catalogue/metric.ts";
import type { Unit } from "./model.ts";

/** Grafana's unit of a metric's values. */
const units: ReadonlyMap<string, Unit> = new Map<string, Unit>([
  ["s", "s"],
  ["ms", "ms"],
  ["us", "µs"],
  ["By", "bytes"],
  ["1", "none"],
]);

/** The unit in which a metric is shown: jobs, workers and other things that are counted have none. */
export function unitOf(metric: Metric): Unit {
  return units.get(metric.unit) ?? "short";
}

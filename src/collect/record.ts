import type { Attribute, AttributesOf, HistogramValue, Kind, Metric, ValueOf } from "../catalogue/metric.ts";

/**
 * One number on its way from a source to a series. `values` are those of the metric's own attributes, in its order.
 * `state`: the value now (gauges). `total`: a count that somebody else keeps (Redis). `increment`: what was added since the
 * tick before.
 */
export interface Sample {
  readonly metric: Metric;
  readonly values: readonly string[];
  readonly mode: "state" | "total" | "increment";
  readonly value: number | HistogramValue;
}

/** Collects the samples of one tick. What is missing, not finite or negative is left out: no number is better than a wrong one. */
export class Recorder {
  readonly samples: Sample[] = [];

  state<M extends Metric<Attribute, "gauge">>(metric: M, value: number | undefined, attributes: AttributesOf<M>): void {
    this.#push(metric, "state", value, attributes);
  }

  total<M extends Metric<Attribute, "counter">>(
    metric: M,
    value: number | undefined,
    attributes: AttributesOf<M>,
  ): void {
    this.#push(metric, "total", value, attributes);
  }

  increment<K extends Exclude<Kind, "gauge">, M extends Metric<Attribute, K>>(
    metric: M,
    value: ValueOf<M["kind"]> | undefined,
    attributes: AttributesOf<M>,
  ): void {
    this.#push(metric, "increment", value, attributes);
  }

  #push(
    metric: Metric,
    mode: Sample["mode"],
    value: number | HistogramValue | undefined,
    attributes: Readonly<Record<string, string>>,
  ): void {
    if (value === undefined || !isSound(value)) return;
    this.samples.push({ metric, mode, value, values: metric.attributes.map((name) => attributes[name] ?? "") });
  }
}

function isSound(value: number | HistogramValue): boolean {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0;
  return (
    Number.isFinite(value.sum) && value.sum >= 0 && value.counts.every((count) => count >= 0 && Number.isInteger(count))
  );
}

/** Two values of one series as one, as the metric's definition says. */
export function combineValues(
  metric: Metric,
  one: number | HistogramValue,
  other: number | HistogramValue,
): number | HistogramValue {
  if (typeof one === "object" && typeof other === "object") return addHistograms(one, other);
  if (typeof one === "object" || typeof other === "object") return one;
  if (metric.combine === "min") return Math.min(one, other);
  // Where adding up would count the same thing twice (slots that several queues share), the largest is the honest bound.
  return metric.combine === "sum" && metric.sumOver.length === metric.attributes.length
    ? one + other
    : Math.max(one, other);
}

/** Adds what was counted to what was there. */
export function addValues(one: number | HistogramValue, more: number | HistogramValue): number | HistogramValue {
  if (typeof one === "object" && typeof more === "object") return addHistograms(one, more);
  return typeof one === "number" && typeof more === "number" ? one + more : one;
}

function addHistograms(one: HistogramValue, other: HistogramValue): HistogramValue {
  return { counts: one.counts.map((count, index) => count + (other.counts[index] ?? 0)), sum: one.sum + other.sum };
}

/** The value of a count before anything was counted. */
export function zeroOf(metric: Metric): number | HistogramValue {
  return metric.kind === "histogram" ? { counts: [0, ...metric.bounds.map(() => 0)], sum: 0 } : 0;
}

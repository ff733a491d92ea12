import type { AttributesOf, Metric } from "../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../catalogue/prometheus-name.ts";
import { quote } from "../promql/promql.ts";

/** A series for a test of an alert, in promtool's notation: a value a minute (`0x10 5+5x20 _x3`). */
export interface SampleSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: string;
}

const target = { environment: "production", system: "sidekiq", target: "shop" };
const agent = { environment: "production" };

/** A series of one of our metrics, on a target of its own or as given. */
export function sample<M extends Metric>(
  metric: M,
  labels: AttributesOf<M> & { readonly target?: string; readonly system?: string },
  values: string,
): SampleSeries {
  return {
    name: prometheusName(metric),
    labels: named({ ...(metric.scope === "target" ? target : agent), ...labels }),
    values,
  };
}

/** A series by its Prometheus name: a part of a histogram, or of another exporter. */
export function rawSample(name: string, labels: Readonly<Record<string, string>>, values: string): SampleSeries {
  return { name, labels: named(labels), values };
}

/** As promtool's `input_series` has it. */
export function notation({ name, labels }: SampleSeries): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${quote(value)}`);
  return `${name}{${pairs.join(", ")}}`;
}

/** What every target of a test has unless it says otherwise. */
export const sampleTarget = target;

function named(labels: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [[prometheusLabel(name), value]])),
  );
}

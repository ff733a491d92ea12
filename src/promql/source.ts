import { type Attribute, commonAttributes, type Kind, type Metric } from "../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../catalogue/prometheus-name.ts";

/** A metric of another system that our expressions read (Prometheus's, Alertmanager's or Grafana's own). */
export interface ForeignMetric<L extends string = string, K extends Kind = Kind> {
  /** Its Prometheus name, suffix included; a histogram without `_bucket`. */
  readonly prometheusName: string;
  readonly kind: K;
  /** Its labels, as far as expressions need them; all others are folded away with `max`. */
  readonly labels: readonly L[];
  /** False where there is one series for each set of labels already, so that nothing has to be folded away. */
  readonly repeated: boolean;
}

/** Declares a metric of another system. */
export function foreignMetric<const L extends string, const K extends Kind>(
  metric: Omit<ForeignMetric<L, K>, "repeated">,
): ForeignMetric<L, K> {
  return Object.freeze({ ...metric, repeated: true });
}

/** What a recording rule of ours writes: a gauge that carries exactly these labels (catalogue names), once. */
export function recordedMetric<const L extends string>(name: string, labels: readonly L[]): ForeignMetric<L, "gauge"> {
  return Object.freeze({ prometheusName: name, kind: "gauge", labels, repeated: false });
}

/** What a leaf of an expression can read. */
export type Source<K extends Kind = Kind> = Metric<Attribute, K> | ForeignMetric<string, K>;

/** The labels that every series of a source carries: those of its scope and its own. */
export type LabelsOf<M> = M extends Metric
  ? M["attributes"][number] | (typeof commonAttributes)[M["scope"]][number]
  : M extends ForeignMetric<infer L>
    ? L
    : never;

/** The labels over which a source may be summed. Two targets never count the same job, so its scope's are among them. */
export type SumsOf<M> = M extends Metric
  ? [M["combine"]] extends ["sum"]
    ? M["sumOver"][number] | (typeof commonAttributes)[M["scope"]][number]
    : never
  : M extends ForeignMetric<infer L, infer K>
    ? [K] extends ["gauge"]
      ? never
      : L
    : never;

/** Prometheus name of a source; histograms need a suffix of their series. */
export function nameOf(source: Source): string {
  return "prometheusName" in source ? source.prometheusName : prometheusName(source);
}

/** Prometheus names of the labels in a stable order: the scope's first, then the metric's own. */
export function labelsOf(source: Source): readonly string[] {
  if ("prometheusName" in source) return source.labels.map(prometheusLabel);
  return [...commonAttributes[source.scope], ...source.attributes].map(prometheusLabel);
}

/** Prometheus name of a label that may be given as an attribute's name (`job.class`). */
export function labelName(label: string): string {
  return prometheusLabel(label);
}

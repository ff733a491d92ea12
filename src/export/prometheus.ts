import type { Metric } from "../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../catalogue/prometheus-name.ts";
import type { Collection, Point, PointAttributes } from "../collect/family.ts";
import { qualityOf } from "./accept.ts";

/** The classic text format, and OpenMetrics 1.0. */
export type ExpositionFormat = "prometheus" | "openmetrics";

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Words that prometheusName puts at a name's end and that OpenMetrics calls its unit. */
const units: Readonly<Record<string, string>> = { s: "seconds", By: "bytes", "1": "ratio" };

/**
 * The latest points as text, without times: the reader's clock counts. Names, labels and `le` are those of the OTLP route.
 * Series that ended are not in it.
 */
export function renderExposition(collections: readonly Collection[], format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const [metric, points] of byMetric(collections)) {
    if (points.length === 0) continue;
    lines.push(...header(metric, format));
    for (const point of points) lines.push(...pointLines(metric, point));
  }
  if (format === "openmetrics") lines.push("# EOF");
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}

/** The better of our formats for an Accept header; the classic one where it does not ask for OpenMetrics. */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  const openMetrics = qualityOf(accept, ["application/openmetrics-text"]);
  return openMetrics > 0 && openMetrics >= qualityOf(accept, ["text/plain", "text/*"]) ? "openmetrics" : "prometheus";
}

/** Metrics of several targets stand together: a name may be described only once. */
function byMetric(collections: readonly Collection[]): Map<Metric, Point[]> {
  const all = new Map<Metric, Point[]>();
  for (const { families } of collections)
    for (const { metric, points } of families) {
      const found = all.get(metric);
      if (!found) all.set(metric, [...points]);
      else for (const point of points) found.push(point);
    }
  return all;
}

function header(metric: Metric, format: ExpositionFormat): string[] {
  const name = prometheusName(metric);
  const openMetrics = format === "openmetrics";
  // In OpenMetrics the suffix belongs to the sample, in the classic format to the name.
  const family = openMetrics ? name.replace(/_total$/, "") : name;
  const unit = openMetrics ? units[metric.unit] : undefined;
  const help = metric.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return [
    `# HELP ${family} ${openMetrics ? help.replaceAll('"', '\\"') : help}`,
    `# TYPE ${family} ${metric.kind}`,
    ...(unit !== undefined && family.endsWith(`_${unit}`) ? [`# UNIT ${family} ${unit}`] : []),
  ];
}

function pointLines(metric: Metric, { attributes, value }: Point): string[] {
  const name = prometheusName(metric);
  if (typeof value === "number") return Number.isFinite(value) ? [`${name}${labels(attributes)} ${value}`] : [];
  let cumulative = 0;
  const buckets = value.counts.map((count, index) => {
    cumulative += count;
    return `${name}_bucket${labels(attributes, bound(metric.bounds[index]))} ${cumulative}`;
  });
  return [
    ...buckets,
    `${name}_sum${labels(attributes)} ${value.sum}`,
    `${name}_count${labels(attributes)} ${cumulative}`,
  ];
}

/** A bucket's bound as Prometheus's OTLP receiver writes it (`13`, not `13.0`); the last one is infinity. */
function bound(upper: number | undefined): string {
  return upper === undefined ? "+Inf" : String(upper);
}

function labels(attributes: PointAttributes, le?: string): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `${prometheusLabel(name)}="${escaped(value)}"`);
  if (le !== undefined) pairs.push(`le="${le}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").toWellFormed();
}

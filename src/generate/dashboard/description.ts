import { catalogue } from "../../catalogue/catalogue.ts";
import type { Metric } from "../../catalogue/metric.ts";
import { prometheusName } from "../../catalogue/prometheus-name.ts";
import { type Query, walk } from "../../promql/promql.ts";

const byName: ReadonlyMap<string, Metric> = new Map(catalogue.map((metric) => [prometheusName(metric), metric]));

/** The metrics of the catalogue that a query reads, each once. */
function metricsOf(query: Query): readonly Metric[] {
  const found = new Set<Metric>();
  for (const node of walk(query.node)) {
    const metric = node.kind === "selector" ? metricOfSeries(node.name) : undefined;
    if (metric) found.add(metric);
  }
  return [...found];
}

function metricOfSeries(name: string): Metric | undefined {
  return byName.get(name) ?? byName.get(name.replace(/_(?:bucket|count|sum)$/, ""));
}

/** What a panel says of itself: its own words, then the definition of every metric in it, with how exact it is. */
export function describe(about: string, queries: readonly Query[]): string {
  const metrics = [...new Set(queries.flatMap(metricsOf))];
  return [about, metrics.map(definition).join("\n")].filter((part) => part !== "").join("\n\n");
}

function definition(metric: Metric): string {
  const accuracy = metric.accuracy === "exact" ? "" : ` (${metric.accuracy})`;
  return `- \`${metric.name}\`${accuracy}: ${metric.help}`;
}

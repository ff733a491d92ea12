import { queuePaused, queueWorkers, workerCount } from "../../catalogue/jobqueue.ts";
import type { Metric } from "../../catalogue/metric.ts";
import { prometheusName } from "../../catalogue/prometheus-name.ts";
import { targetUp } from "../../catalogue/queuewatch.ts";
import { type Node, walk } from "../../promql/node.ts";

/** Something that explains a symptom: rules leave out what it explains, monitors say that they do not. */
interface Cause {
  readonly metric: Metric;
  readonly operator: "==" | "<";
  readonly value: number;
  /** Empty where nothing is lost: what cannot be read sends no points. */
  readonly note: string;
}

const causes: readonly Cause[] = [
  { metric: targetUp, operator: "==", value: 0, note: "" },
  {
    metric: targetUp,
    operator: "<",
    value: 1,
    note: "It does not wait after Redis was away: what piled up may look like growth.",
  },
  {
    metric: workerCount,
    operator: "==",
    value: 0,
    note: "It fires as well where no worker is active: see NoWorkers first.",
  },
  { metric: queuePaused, operator: "==", value: 1, note: "It fires as well for queues that are paused." },
  {
    metric: queueWorkers,
    operator: "==",
    value: 0,
    note: "It fires as well for queues that nobody serves: see QueueUnserved first.",
  },
];

/** What is to be said where a known cause is left out; undefined for what is no known cause. */
export function recognizedCause(node: Node): string | undefined {
  const comparison = node.kind === "aggregate" ? node.of : node;
  if (comparison.kind !== "binary" || comparison.right.kind !== "number") return undefined;
  const { operator, right } = comparison;
  const names = new Set([...walk(comparison.left)].flatMap((inner) => (inner.kind === "selector" ? [inner.name] : [])));
  return causes.find(
    ({ metric, ...cause }) =>
      cause.operator === operator &&
      cause.value === right.value &&
      names.size === 1 &&
      names.has(prometheusName(metric)),
  )?.note;
}

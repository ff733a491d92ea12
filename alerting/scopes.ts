import { jobProcessed, queuePaused, queueSize, queueWorkers, workerCount } from "../src/catalogue/jobqueue.ts";
import { targetUp } from "../src/catalogue/queuewatch.ts";
import * as q from "../src/promql/promql.ts";

/** What alerts are about, as label lists, and the causes that silence what they explain. */

export const targetLabels = ["environment", "system", "target"] as const;
export const queueLabels = ["environment", "system", "target", "queue"] as const;
export const classLabels = ["environment", "system", "target", "job.class"] as const;
export type TargetLabel = (typeof targetLabels)[number];
export type QueueLabel = (typeof queueLabels)[number];
export type ClassLabel = (typeof classLabels)[number];

const onTarget = q.on(...targetLabels);

/** Leaves out targets that cannot be read: RedisUnreachable says it, once. */
export function whileReadable<L extends string>(of: q.Expr<L | TargetLabel>): q.Expr<L | TargetLabel> {
  return q.unless(of, q.equal(q.select(targetUp), 0), onTarget);
}

/** Only where the target could be read for the whole window: what piled up meanwhile would look like a flood. */
export function whileReadableFor<L extends string>(
  of: q.Expr<L | TargetLabel>,
  window: q.Duration,
): q.Expr<L | TargetLabel> {
  return q.unless(of, q.below(q.minOverTime(q.range(targetUp, window)), 1), onTarget);
}

/** Targets in which no worker is active: NoWorkers says it. */
export const withoutWorkers: q.Expr<TargetLabel> = q.equal(
  q.sumBy(q.select(workerCount, { state: "active" }), targetLabels),
  0,
);

/** Leaves out targets without workers or that cannot be read. */
export function whileWorking<L extends string>(of: q.Expr<L | TargetLabel>): q.Expr<L | TargetLabel> {
  return q.unless(whileReadable(of), withoutWorkers, onTarget);
}

/** Leaves out queues that are paused, that nobody serves, or whose target has no workers: other alerts say so. */
export function whileServed<L extends string>(of: q.Expr<L | QueueLabel>): q.Expr<L | QueueLabel> {
  const onQueue = q.on(...queueLabels);
  const running = q.unless(of, q.equal(q.select(queuePaused), 1), onQueue);
  return whileWorking<L | QueueLabel>(q.unless(running, q.equal(q.select(queueWorkers), 0), onQueue));
}

/** Jobs waiting in a target. */
export const waiting: q.Expr<TargetLabel> = q.sumBy(q.select(queueSize), targetLabels);

/**
 * Jobs that arrive in a target, per second, over a window: those processed and those by which its queues grow, where it
 * has queues. Never below 0.
 */
export function arrivalsOver(window: q.Duration): q.Expr<TargetLabel> {
  const processed = q.sumBy(q.rate(jobProcessed, window), targetLabels);
  const growth = q.sumBy(q.deriv(q.range(queueSize, window)), targetLabels);
  return q.clampMin(q.or(q.add(processed, growth), processed), 0);
}

export const arrivals: q.Expr<TargetLabel> = arrivalsOver("10m");

/** `value` where it is above `factor` times what is usual, and above `floor` in any case. */
export function exceeds<L extends string, S extends string>(
  value: q.Expr<L, S>,
  usual: q.Expr<L>,
  { factor, floor }: { readonly factor: number; readonly floor: number },
): q.Expr<L, S> {
  return q.above(value, q.clampMin(q.multiply(usual, factor), floor));
}

/** `value` unless it is within `factor` times what is usual; where nothing is known of the past, it stays. */
export function notUsual<L extends string>(value: q.Expr<L>, usual: q.Expr<L>, factor: number): q.Expr<L> {
  return q.unless(value, q.atMost(value, q.multiply(usual, factor)));
}

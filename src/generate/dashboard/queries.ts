import {
  classFailed,
  classProcessed,
  jobFailed,
  jobProcessed,
  queueLatency,
  queueLatencyLimit,
  queueRunning,
  queueSize,
  queueWorkers,
} from "../../catalogue/jobqueue.ts";
import {
  above,
  add,
  atLeast,
  avgOverTime,
  below,
  deriv,
  divide,
  equal,
  type Expr,
  maxBy,
  multiply,
  and,
  or,
  range,
  rate,
  select,
  sumBy,
  variable,
  type Window,
} from "../../promql/promql.ts";

/** What several dashboards ask alike. All obey the variables of their scope. */

export const targetScope = {
  environment: variable("environment"),
  system: variable("system"),
  target: variable("target"),
} as const;
export const queueScope = { ...targetScope, queue: variable("queue") } as const;
export const classScope = { ...targetScope, "job.class": variable("class") } as const;
export const hostScope = { ...targetScope, "host.name": variable("host") } as const;
/** The agent's own metrics know no target, or no system. */
export const agentScope = { environment: variable("environment") } as const;
export const agentTargetScope = { environment: variable("environment"), target: variable("target") } as const;

export const targetLabels = ["environment", "system", "target"] as const;
export const queueLabels = [...targetLabels, "queue"] as const;
export const classLabels = [...targetLabels, "job.class"] as const;
export type TargetLabel = (typeof targetLabels)[number];
export type QueueLabel = (typeof queueLabels)[number];

type QueueScope = typeof targetScope | typeof queueScope;

/** Whether an expression is about all queues of the targets, or about those that were chosen. */
export function size(scope: QueueScope) {
  return select(queueSize, scope);
}

export function latency(scope: QueueScope) {
  return select(queueLatency, scope);
}

/** Jobs of each queue that are being executed, and the active workers that serve it. */
export function running(scope: QueueScope) {
  return select(queueRunning, scope);
}

export function workersOf(scope: QueueScope) {
  return select(queueWorkers, scope);
}

/** What each queue promises; the label `severity` is gone, so that it can be compared with the queue's latency. */
export function latencyLimit(scope: QueueScope, severity: "warning" | "critical"): Expr<QueueLabel> {
  return maxBy(select(queueLatencyLimit, { ...scope, severity }), queueLabels);
}

/** Latency as a share of the promise: 1 is where it is broken. */
export function latencyShare(scope: QueueScope): Expr<QueueLabel> {
  return divide(latency(scope), latencyLimit(scope, "critical"));
}

/** Jobs per second by which queues grow (negative: shrink), by regression over ten minutes. */
export function growth(scope: QueueScope) {
  return deriv(range(queueSize, "10m", scope));
}

export function growthPerMinute(scope: QueueScope) {
  return multiply(growth(scope), 60);
}

/** Seconds until a queue that shrinks is empty, if it goes on like this; none for queues that do not shrink by a job or so a minute. */
export function drainTime(scope: QueueScope): Expr<QueueLabel> {
  return divide(size(scope), multiply(below(growth(scope), -0.02), -1));
}

/** Attempts per second that ended, and that failed. */
export function processedRate(window: Window) {
  return rate(jobProcessed, window, targetScope);
}

export function failedRate(window: Window) {
  return rate(jobFailed, window, targetScope);
}

/** Share of the attempts that failed, by target. Nothing where nothing was attempted. */
export function failureShare(window: Window): Expr<TargetLabel> {
  return divide(failedRate(window), above(processedRate(window), 0));
}

/** Share of a class's attempts that failed. */
export function classFailureShare(window: Window): Expr<(typeof classLabels)[number]> {
  return divide(rate(classFailed, window, classScope), above(rate(classProcessed, window, classScope), 0));
}

/**
 * Mean processing time by Little's law: jobs running divided by jobs processed per second. Works for every system,
 * also where no duration is recorded.
 */
export function meanProcessingTime(): Expr<TargetLabel> {
  const executing = sumBy(avgOverTime(range(queueRunning, "10m", targetScope)), targetLabels);
  return divide(executing, above(processedRate("10m"), 0));
}

/** How a queue is, as a number that a table can sort by and map to a word. */
export const queueStatus = {
  ok: 0,
  late: 1,
  broken: 2,
  unserved: 3,
} as const;

/** `queueStatus` of each queue: the worst that is true. */
export function status(scope: QueueScope): Expr<QueueLabel> {
  const unserved = and(equal(select(queueWorkers, scope), 0), above(size(scope), 0));
  const broken = atLeast(latency(scope), latencyLimit(scope, "critical"));
  const late = atLeast(latency(scope), latencyLimit(scope, "warning"));
  const levels = [
    valued(unserved, queueStatus.unserved),
    valued(broken, queueStatus.broken),
    valued(late, queueStatus.late),
    valued(size(scope), queueStatus.ok),
  ];
  return levels.reduce((worse, next) => or(worse, next));
}

/** The same series with another value. */
function valued<L extends string>(of: Expr<L>, value: number): Expr<L> {
  return add(multiply(of, 0), value);
}

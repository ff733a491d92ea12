import type { ClassState, HostState, WorkersState } from "../system.ts";
import { QueueMatcher } from "./globs.ts";
import type { Movements } from "./ledger.ts";
import type { Worker } from "./workers.ts";

/** What workers do for one queue. */
export interface QueueActivity {
  readonly running: number;
  readonly longestRunning: number;
  readonly workers: number;
}

/** What all workers do, from one read of them. */
export interface Activity {
  readonly workers: WorkersState;
  readonly classes: readonly ClassState[];
  queue(name: string): QueueActivity;
}

export interface ActivityOptions {
  readonly paused: boolean;
  readonly orphans: readonly string[];
  readonly queues: readonly string[];
  readonly movements: Movements;
  readonly nowMs: number;
}

/**
 * Sums up what workers do. With `paused`, Resque's own workers take no jobs (node-resque knows no pause). Only those that
 * are not lost count; `orphans` are lost workers of which nothing but a heartbeat is left.
 */
export function activityOf(workers: readonly Worker[], options: ActivityOptions): Activity {
  const alive = workers.filter(({ lost }) => !lost);
  const active = alive.filter(({ kind }) => !(options.paused && kind !== "node"));
  const running = runningBy(alive, options.nowMs, (job) => job.queue);
  const serving = servingBy(active, options.queues);
  return {
    workers: {
      active: active.length,
      quiet: alive.length - active.length,
      lost: workers.length - alive.length + options.orphans.length,
      startedSince: options.movements.started,
      stoppedSince: options.movements.stopped,
      lostSince: options.movements.lost,
      versions: [],
      hosts: hostsOf(alive),
      processes: processesOf(alive),
    },
    classes: [...runningBy(alive, options.nowMs, (job) => job.jobClass)].map(([jobClass, { count, longest }]) => ({
      jobClass,
      running: count,
      longestRunning: longest,
      processedSince: undefined,
      failedSince: undefined,
      durationSince: undefined,
    })),
    queue: (name) => ({
      running: running.get(name)?.count ?? 0,
      longestRunning: running.get(name)?.longest ?? 0,
      workers: serving.get(name) ?? 0,
    }),
  };
}

function runningBy(workers: readonly Worker[], nowMs: number, key: (job: NonNullable<Worker["job"]>) => string) {
  const groups = new Map<string, { count: number; longest: number }>();
  for (const { job } of workers) {
    if (!job) continue;
    const group = groups.get(key(job)) ?? { count: 0, longest: 0 };
    group.count++;
    group.longest = Math.max(group.longest, (nowMs - (job.runAtMs ?? nowMs)) / 1_000);
    groups.set(key(job), group);
  }
  return groups;
}

/** Workers that name the same queues are matched once. */
function servingBy(workers: readonly Worker[], queues: readonly string[]): ReadonlyMap<string, number> {
  const alike = new Map<string, { queues: readonly string[]; count: number }>();
  for (const worker of workers) {
    const names = worker.queues.join(",");
    const group = alike.get(names) ?? { queues: worker.queues, count: 0 };
    group.count++;
    alike.set(names, group);
  }
  const matcher = new QueueMatcher(queues);
  const serving = new Map<string, number>();
  for (const { queues: patterns, count } of alike.values())
    for (const queue of matcher.served(patterns)) serving.set(queue, (serving.get(queue) ?? 0) + count);
  return serving;
}

function hostsOf(workers: readonly Worker[]): HostState[] {
  const hosts = new Map<string, { slots: number; busy: number; heartbeatAge: number | undefined }>();
  for (const { host, job, heartbeatAge } of workers) {
    if (host === undefined) continue;
    const known = hosts.get(host) ?? { slots: 0, busy: 0, heartbeatAge: undefined };
    known.slots++;
    if (job) known.busy++;
    if (heartbeatAge !== undefined) known.heartbeatAge = Math.max(known.heartbeatAge ?? 0, heartbeatAge);
    hosts.set(host, known);
  }
  return [...hosts].map(([host, state]) => ({ host, ...state, memory: undefined, redisRtt: undefined }));
}

/** Several workers of node-resque may live in one process. */
function processesOf(workers: readonly Worker[]): WorkersState["processes"] {
  const unique = new Map<string, { host: string; pid: number }>();
  for (const { host, pid } of workers)
    if (host !== undefined && pid !== undefined) unique.set(`${host} ${pid}`, { host, pid });
  return [...unique.values()];
}

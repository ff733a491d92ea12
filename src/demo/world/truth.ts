import type { JobStore } from "./job-store.ts";
import { queueNames } from "./plan.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { serves } from "./worker-process.ts";
import type { ClassTotals, Written } from "./written.ts";

/** After three heartbeats without a word a process is lost. */
const lostAfterMs = 30_000;

export interface QueueTruth {
  readonly queue: string;
  readonly size: number;
  /** Seconds. */
  readonly latency: number;
  readonly running: number;
  readonly workers: number;
  readonly slots: number;
}

/** What the world knows of itself at one moment, as far as it has been written into Redis: what a reader must find. */
export interface Truth {
  readonly queues: readonly QueueTruth[];
  readonly sets: Readonly<Record<"scheduled" | "retry" | "dead", { readonly size: number; readonly overdue: number }>>;
  readonly jobs: { readonly processed: number; readonly failed: number };
  readonly classes: ReadonlyMap<string, ClassTotals>;
  readonly workers: { readonly active: number; readonly quiet: number; readonly lost: number };
  readonly hosts: ReadonlyMap<string, { readonly slots: number; readonly busy: number }>;
}

export interface TruthSources {
  readonly store: JobStore;
  readonly written: Written;
  readonly processes: readonly WorkerProcess[];
  readonly nowMs: number;
}

/** Told from the world's own objects, not from the keys it writes. */
export function truthOf({ store, written, processes, nowMs }: TruthSources): Truth {
  const present = processes.filter(({ said }) => nowMs - said.beatMs <= lostAfterMs);
  const active = present.filter(({ said }) => !said.quiet);
  const set = (name: "schedule" | "retry" | "dead") => {
    const scores = store.scores(name);
    return { size: scores.length, overdue: scores.filter((score) => score * 1_000 <= nowMs).length };
  };
  return {
    queues: queueNames.map((queue) => ({
      queue,
      size: store.size(queue),
      latency: Math.max(0, nowMs - Math.floor(store.oldestMs(queue) ?? nowMs)) / 1_000,
      running: sum(present, ({ said }) => said.running.filter(({ job }) => job.kind.queue === queue).length),
      ...serving(active, queue),
    })),
    sets: { scheduled: set("schedule"), retry: set("retry"), dead: set("dead") },
    jobs: written.jobs,
    classes: written.classes,
    workers: {
      active: active.length,
      quiet: present.length - active.length,
      lost: processes.length - present.length,
    },
    hosts: hostsOf(present),
  };
}

function serving(
  processes: readonly WorkerProcess[],
  queue: string,
): { readonly workers: number; readonly slots: number } {
  const capsules = processes.map(({ plan }) => plan.capsules.filter((capsule) => serves(capsule, queue)));
  return {
    workers: capsules.filter(({ length }) => length > 0).length,
    slots: sum(capsules.flat(), ({ concurrency }) => concurrency),
  };
}

function hostsOf(processes: readonly WorkerProcess[]): Truth["hosts"] {
  const hosts = Map.groupBy(processes, ({ plan }) => plan.host);
  return new Map(
    [...hosts].map(([host, ones]) => [
      host,
      {
        slots: sum(ones, ({ plan }) => sum(plan.capsules, ({ concurrency }) => concurrency)),
        busy: sum(ones, ({ said }) => said.running.length),
      },
    ]),
  );
}

function sum<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}

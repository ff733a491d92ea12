import type { ErrorCode } from "../errors.ts";
import type { HistogramValue } from "../catalogue/metric.ts";
import type { Redis } from "../redis/client.ts";

export type SystemId = "sidekiq" | "resque";

/**
 * What one read of one job system found, in the same words for every system. Times are seconds unless said otherwise.
 * Counts named `…Since` are what was seen since the read before, 0 at the first; totals that Redis keeps are totals.
 * Names are raw here, as they stand in Redis; `collect/` cuts, folds and masks them.
 * A value that cannot be known is undefined (or its entry is missing), never a guess.
 */
export interface Snapshot {
  readonly system: SystemId;
  /** The server's clock at the read, in milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly queues: readonly QueueState[];
  readonly classes: readonly ClassState[];
  readonly sets: readonly SetState[];
  /** Parts of the retry, dead and failed sets; the parts of a set add up to its size (the rest is `other` in all attributes). */
  readonly failures: readonly FailureGroup[];
  readonly failuresSince: readonly FailureGroup[];
  readonly invalidSince: readonly InvalidPayloads[];
  /** Totals as Redis keeps them; undefined where the key does not exist. */
  readonly jobs: { readonly processed: number | undefined; readonly failed: number | undefined };
  readonly lostJobsSince: readonly { readonly jobClass: string; readonly count: number }[];
  readonly workers: WorkersState;
  readonly schedules: readonly ScheduleState[];
  /** Undefined where no scheduler is to be expected. */
  readonly schedulerUp: boolean | undefined;
  readonly deploysSince: readonly { readonly atMs: number; readonly label: string }[];
  /** What could not be read, or was odd; the rest of the snapshot holds. */
  readonly problems: readonly Problem[];
}

export interface QueueState {
  readonly queue: string;
  /** Undefined, as the latency is, where it could not be read. */
  readonly size: number | undefined;
  readonly latency: number | undefined;
  readonly latencyUncertainty: number | undefined;
  readonly running: number;
  readonly longestRunning: number;
  readonly workers: number;
  readonly slots: number;
  readonly paused: boolean;
  /** Rough bytes per waiting job. */
  readonly payloadBytes: number | undefined;
  readonly enqueuedSince: number;
  readonly dequeuedSince: number;
}

export interface ClassState {
  readonly jobClass: string;
  readonly running: number;
  readonly longestRunning: number;
  readonly processedSince: number | undefined;
  readonly failedSince: number | undefined;
  /** Buckets as `durationBounds` of the catalogue says. */
  readonly durationSince: HistogramValue | undefined;
}

export type JobSet = "scheduled" | "retry" | "dead" | "failed";

export interface SetState {
  readonly set: JobSet;
  readonly size: number;
  /** Jobs due and not moved, and how long the oldest of them is overdue; only of sets from which jobs are moved when due. */
  readonly overdue: number | undefined;
  readonly lag: number | undefined;
}

export interface FailureGroup {
  readonly set: JobSet;
  readonly queue: string;
  readonly jobClass: string;
  readonly errorType: string;
  readonly count: number;
}

export const payloadErrors = ["malformed", "no_class", "absurd_time", "too_large"] as const;

export interface InvalidPayloads {
  readonly queue: string;
  readonly errorType: (typeof payloadErrors)[number];
  readonly count: number;
}

export interface WorkersState {
  readonly active: number;
  readonly quiet: number;
  readonly lost: number;
  readonly startedSince: number;
  readonly stoppedSince: number;
  readonly lostSince: number;
  /** Active and quiet workers by version; empty where the system does not say. */
  readonly versions: readonly { readonly version: string; readonly count: number }[];
  /** Active and quiet workers by host. */
  readonly hosts: readonly HostState[];
  /** Operating-system processes of active and quiet workers, for whoever can look at them. */
  readonly processes: readonly { readonly host: string; readonly pid: number }[];
}

export interface HostState {
  readonly host: string;
  readonly slots: number;
  readonly busy: number;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly heartbeatAge: number | undefined;
  readonly redisRtt: number | undefined;
}

/** How late a schedule is, in seconds (0 when it ran). */
export interface ScheduleState {
  readonly schedule: string;
  readonly overdue: number;
  /** How that is known: the scheduler told its next run, the cron expression is known, or learned from its last runs. */
  readonly basis: "next run" | "expression" | "cadence";
}

export interface Problem {
  readonly code: ErrorCode;
  /** One line; may name keys and queues, never a payload. */
  readonly message: string;
  readonly count: number;
}

/** What a reader is told about its target; each has a default in the config's schema. */
export interface ReaderOptions {
  /** Prefix of every key, with its colon (`resque:`, `app1:`), or empty. */
  readonly prefix: string;
  /** Queues named in the config without globs: read even where a set is too large to read whole. */
  readonly namedQueues: readonly string[];
  /** Schedules whose cron expression only the config knows, by name. */
  readonly schedules: Readonly<Record<string, { readonly cron: string; readonly timezone?: string | undefined }>>;
  /** resque-scheduler's RESQUE_SCHEDULER_MASTER_LOCK_PREFIX, where it is set. */
  readonly schedulerLockPrefix?: string | undefined;
  /** `read` starts from what Redis still holds, instead of from now: for `snapshot`, which has no past. */
  readonly includePast: boolean;
}

/** Reads one job system; remembers between reads what it needs (markers, watermarks, workers seen). */
export interface Reader {
  /**
   * Reads once. Resolves although parts failed (`problems`); rejects with a QueuewatchError when nothing can be said
   * (Redis gone, time out). What it remembers moves only when it resolves, so that nothing is counted twice or lost.
   */
  read(signal: AbortSignal): Promise<Snapshot>;
  /** What it remembers, as JSON values. */
  save(): unknown;
  /** Takes up what `save` returned, maybe from an older version; ignores what it does not understand. */
  restore(state: unknown): void;
}

/** One variety found in a database, as `check` says it. */
export interface Detected {
  readonly system: SystemId;
  readonly prefix: string;
  /** For people: `Sidekiq 8.1.7`, `Resque (heartbeats seen)`. */
  readonly title: string;
}

/** A kind of job system: one folder. */
export interface System {
  readonly id: SystemId;
  readonly title: string;
  readonly defaultPrefix: string;
  /** Key patterns that a reader reads, as Redis ACLs write them, the prefix included. */
  keyPatterns(prefix: string): readonly string[];
  /** Names of the commands that a reader sends (see `redis/commands.ts`). */
  readonly commands: readonly string[];
  /** Probes a few known keys; undefined where there is no trace of the system. */
  detect(redis: Redis, prefix: string, signal: AbortSignal): Promise<Detected | undefined>;
  open(redis: Redis, options: ReaderOptions): Reader;
}

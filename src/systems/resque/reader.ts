import type { Redis } from "../../redis/client.ts";
import { ScheduleWatch, type ObservedSchedule } from "../schedules/watch.ts";
import type { QueueState, Reader, ReaderOptions, SetState, Snapshot } from "../system.ts";
import { activityOf, type Activity } from "./activity.ts";
import { readBasics, type Basics } from "./basics.ts";
import { readDelayed } from "./delayed.ts";
import { FailureReader } from "./failures.ts";
import { InvalidCounter } from "../invalid-payloads.ts";
import { keysUnder, type Keys } from "./keys.ts";
import { WorkerLedger } from "./ledger.ts";
import { LostJobs } from "./lost.ts";
import { NameSet } from "../name-set.ts";
import { Problems } from "../problems.ts";
import { QueueReader, type QueueReading } from "./queues.ts";
import { SchedulerLock } from "../scheduler-lock.ts";
import { readSchedules } from "./schedules.ts";
import { Variety } from "./variety.ts";
import { WorkerReader, type Worker } from "./workers.ts";

/** What one read goes by. */
interface Tick {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly problems: Problems;
  readonly basics: Basics;
}

/** What one read found, besides the totals. */
interface Found {
  readonly workers: readonly Worker[];
  readonly orphans: readonly string[];
  readonly queues: readonly QueueReading[];
  readonly scheduled: SetState;
  readonly schedules: readonly ObservedSchedule[];
}

/** Reads one namespace of Resque, node-resque, or both. */
export class ResqueReader implements Reader {
  readonly #redis: Redis;
  readonly #options: ReaderOptions;
  readonly #keys: Keys;
  readonly #queueNames = new NameSet();
  readonly #workerIds = new NameSet();
  readonly #failedNames = new NameSet();
  readonly #queues: QueueReader;
  readonly #workers: WorkerReader;
  readonly #failures: FailureReader;
  readonly #ledger = new WorkerLedger();
  readonly #lost = new LostJobs();
  readonly #invalid = new InvalidCounter();
  readonly #lock = new SchedulerLock();
  readonly #schedules = new ScheduleWatch();
  readonly #variety = new Variety();

  constructor(redis: Redis, options: ReaderOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#keys = keysUnder(options.prefix, options.schedulerLockPrefix);
    this.#queues = new QueueReader(this.#keys);
    this.#workers = new WorkerReader(this.#keys);
    this.#failures = new FailureReader(this.#keys);
  }

  async read(signal: AbortSignal): Promise<Snapshot> {
    const problems = new Problems();
    const { nowMs, basics } = await readBasics(this.#redis, this.#keys, { problems, signal });
    const tick = { nowMs, basics, problems, signal };
    const { workers, orphans } = await this.#readWorkers(tick);
    const queues = await this.#readQueues(tick, workers);
    await this.#readFailures(tick);
    const scheduled = await readDelayed(this.#redis, this.#keys, { ...tick, timestamps: basics.timestamps });
    const schedules = await readSchedules(this.#redis, this.#keys, {
      ...tick,
      lengths: basics.lengths,
      configured: this.#options.schedules,
    });
    // From here on nothing fails: what is remembered moves together with what is reported.
    this.#ledger.update(workers, orphans);
    this.#lost.update(workers, nowMs);
    return this.#snapshot(tick, { workers, orphans, queues, scheduled, schedules });
  }

  async #readWorkers(tick: Tick) {
    const { basics } = tick;
    const ids = await this.#workerIds.read(this.#redis, this.#keys.workers, { ...tick, size: basics.workers });
    const read = await this.#workers.read(this.#redis, ids.names, { ...tick, heartbeats: basics.heartbeats });
    await this.#variety.update(this.#redis, this.#options.prefix, { ...tick, workers: read.workers });
    return ids.whole ? read : { ...read, orphans: [] };
  }

  async #readQueues(tick: Tick, workers: readonly Worker[]): Promise<QueueReading[]> {
    const { basics } = tick;
    const set = await this.#queueNames.read(this.#redis, this.#keys.queues, { ...tick, size: basics.queues });
    const running = workers.flatMap(({ job }) => (job ? [job.queue] : []));
    const names = new Set([...set.names, ...this.#options.namedQueues, ...running]);
    const attempts = (basics.processed ?? 0) + (basics.failed ?? 0) + running.length;
    return this.#queues.read(this.#redis, [...names], { ...tick, whole: set.whole, attempts, invalid: this.#invalid });
  }

  async #readFailures(tick: Tick): Promise<void> {
    const { basics } = tick;
    const size = basics.failedQueues;
    const { names } = await this.#failedNames.read(this.#redis, this.#keys.failedQueues, { ...tick, size });
    await this.#failures.read(this.#redis, names, tick);
  }

  #snapshot({ nowMs, basics, problems }: Tick, found: Found): Snapshot {
    const movements = this.#ledger.take();
    const queues = found.queues.map(({ queue }) => queue);
    const activity = activityOf(found.workers, { ...found, paused: basics.paused, queues, movements, nowMs });
    const schedulerUp = this.#lock.update(basics.lockHeld, {
      expected: found.scheduled.size > 0 || found.schedules.length > 0,
      lag: found.scheduled.lag ?? 0,
      nowMs,
    });
    return {
      system: "resque",
      takenAtMs: nowMs,
      queues: this.#queueStates(found.queues, activity, basics.paused),
      classes: activity.classes,
      sets: [found.scheduled, { set: "failed", size: this.#failures.size, overdue: undefined, lag: undefined }],
      failures: this.#failures.composition(),
      failuresSince: this.#failures.take(),
      invalidSince: this.#invalid.take(),
      jobs: this.#variety.totals(basics, problems),
      lostJobsSince: this.#lost.take(),
      workers: activity.workers,
      schedules: this.#schedules.update(found.schedules, nowMs),
      schedulerUp,
      deploysSince: [],
      problems: problems.all,
    };
  }

  #queueStates(readings: readonly QueueReading[], activity: Activity, paused: boolean): QueueState[] {
    const flows = this.#queues.take();
    return readings.map((reading) => {
      const doing = activity.queue(reading.queue);
      const flow = flows.get(reading.queue);
      return {
        ...reading,
        ...doing,
        slots: doing.workers,
        paused: paused && doing.workers === 0,
        enqueuedSince: flow?.enqueued ?? 0,
        dequeuedSince: flow?.dequeued ?? 0,
      };
    });
  }

  save(): unknown {
    return {
      queues: this.#queues.save(),
      ledger: this.#ledger.save(),
      lost: this.#lost.save(),
      lock: this.#lock.save(),
      schedules: this.#schedules.save(),
      variety: this.#variety.save(),
    };
  }

  restore(state: unknown): void {
    if (state === null || typeof state !== "object") return;
    if ("queues" in state) this.#queues.restore(state.queues);
    if ("ledger" in state) this.#ledger.restore(state.ledger);
    if ("lost" in state) this.#lost.restore(state.lost);
    if ("lock" in state) this.#lock.restore(state.lock);
    if ("schedules" in state) this.#schedules.restore(state.schedules);
    if ("variety" in state) this.#variety.restore(state.variety);
  }
}

import type { Redis } from "../../redis/client.ts";
import { smembers } from "../../redis/commands.ts";
import { InvalidCounter } from "../invalid-payloads.ts";
import { isObject } from "../json.ts";
import { NameSet } from "../name-set.ts";
import { Problems } from "../problems.ts";
import { SchedulerLock } from "../scheduler-lock.ts";
import type { ClassState, QueueState, Reader, ReaderOptions, ScheduleState, SetState, Snapshot } from "../system.ts";
import { activityOf, type Activity } from "./activity.ts";
import { readBasics, readSets, type Basics } from "./basics.ts";
import { ClassMetrics } from "./class-metrics.ts";
import { Deploys } from "./deploys.ts";
import { FailureComposition } from "./failure-composition.ts";
import { FailureNews } from "./failure-news.ts";
import { keysUnder, type Keys } from "./keys.ts";
import { ProcessLedger } from "./ledger.ts";
import { LostJobs } from "./lost-jobs.ts";
import { ProcessReader, type Process } from "./processes.ts";
import { QueueReader } from "./queues.ts";
import { SidekiqSchedules } from "./schedules.ts";
import { WorkReader } from "./work.ts";

/** What one read goes by. */
interface Tick {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly problems: Problems;
  readonly invalid: InvalidCounter;
  readonly basics: Basics;
}

/** What one read found, besides what the parts remember. */
interface Found {
  readonly processes: readonly Process[];
  readonly paused: ReadonlySet<string>;
  readonly sets: readonly SetState[];
  readonly schedules: readonly ScheduleState[];
}

/** A set of paused queues that is larger than this is not read. */
const maxPaused = 10_000;

/** Reads one Sidekiq: one database, or one namespace of Sidekiq 6. */
export class SidekiqReader implements Reader {
  readonly #redis: Redis;
  readonly #options: ReaderOptions;
  readonly #keys: Keys;
  readonly #queueNames = new NameSet();
  readonly #identities = new NameSet();
  readonly #invalid = new InvalidCounter();
  readonly #leader = new SchedulerLock();
  readonly #queues: QueueReader;
  readonly #processes: ProcessReader;
  readonly #work: WorkReader;
  readonly #lost: LostJobs;
  readonly #compositions: readonly FailureComposition[];
  /** What is saved, by the name it is saved under. */
  readonly #memory: {
    readonly ledger: ProcessLedger;
    readonly lost: LostJobs;
    readonly leader: SchedulerLock;
    readonly classes: ClassMetrics;
    readonly news: FailureNews;
    readonly deploys: Deploys;
    readonly schedules: SidekiqSchedules;
  };

  constructor(redis: Redis, options: ReaderOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#keys = keysUnder(options.prefix);
    this.#queues = new QueueReader(this.#keys);
    this.#processes = new ProcessReader(this.#keys);
    this.#work = new WorkReader(this.#keys);
    this.#lost = new LostJobs(this.#keys);
    this.#compositions = [
      new FailureComposition("retry", this.#keys.retry),
      new FailureComposition("dead", this.#keys.dead),
    ];
    this.#memory = {
      ledger: new ProcessLedger(),
      lost: this.#lost,
      leader: this.#leader,
      classes: new ClassMetrics(options.prefix, options.includePast),
      news: new FailureNews(this.#keys),
      deploys: new Deploys(this.#keys),
      schedules: new SidekiqSchedules(redis, options.prefix),
    };
  }

  async read(signal: AbortSignal): Promise<Snapshot> {
    const problems = new Problems();
    const basics = await readBasics(this.#redis, this.#keys, { problems, signal });
    const tick = { nowMs: basics.nowMs, basics, problems, signal, invalid: this.#invalid };
    const processes = await this.#readProcesses(tick);
    const paused = await this.#readQueues(tick, processes);
    await this.#readFailures(tick);
    const sets = await readSets(this.#redis, this.#keys, tick);
    await this.#memory.classes.read(this.#redis, tick);
    await this.#memory.deploys.read(this.#redis, { ...tick, past: this.#options.includePast });
    const { schedules, problems: odd } = await this.#memory.schedules.read(tick.nowMs, signal);
    for (const { code, message, count } of odd) problems.add(code, message, count);
    await this.#lost.search(this.#redis, { ...tick, large: (queue) => this.#queues.isLarge(queue) });
    // From here on nothing fails: what was counted is given.
    this.#lost.settle(tick.nowMs);
    return this.#snapshot(tick, { processes, paused, sets, schedules });
  }

  async #readProcesses(tick: Tick): Promise<readonly Process[]> {
    const { basics, nowMs } = tick;
    const set = await this.#identities.read(this.#redis, this.#keys.processes, { ...tick, size: basics.processes });
    const processes = await this.#processes.read(this.#redis, set.names, tick);
    const lost = this.#memory.ledger.update(processes, set.whole && processes.length === set.names.length);
    const urgent = new Set(lost.map(({ identity }) => identity));
    await this.#work.read(this.#redis, processes, { ...tick, urgent });
    for (const process of lost) this.#lost.add(process, this.#work.jobsOf(process.identity), nowMs);
    if (this.#lost.pending) {
      const alive = processes.filter(({ state }) => state !== "lost").map(({ identity }) => identity);
      this.#lost.alive(new Set(alive));
      this.#lost.found(alive.flatMap((identity) => this.#work.jobsOf(identity).flatMap(({ jid }) => jid ?? [])));
    }
    return processes;
  }

  /** Gives the queues that are paused. */
  async #readQueues(tick: Tick, processes: readonly Process[]): Promise<ReadonlySet<string>> {
    const { basics, problems, signal } = tick;
    const set = await this.#queueNames.read(this.#redis, this.#keys.queues, { ...tick, size: basics.queues });
    const names = new Set([...set.names, ...this.#options.namedQueues]);
    for (const { identity, state } of processes)
      if (state !== "lost") for (const { queue } of this.#work.jobsOf(identity)) names.add(queue);
    await this.#queues.read(this.#redis, [...names], { ...tick, whole: set.whole });
    if (basics.paused === 0) return new Set();
    if (basics.paused > maxPaused) problems.add("READ_PARTIAL", `${this.#keys.paused} is too large to be read`);
    const readable = basics.paused <= maxPaused;
    const [paused] = readable ? await this.#redis.read([smembers(this.#keys.paused)], signal) : [];
    return new Set(problems.value(paused, this.#keys.paused, []));
  }

  async #readFailures(tick: Tick): Promise<void> {
    const [retry, dead] = this.#compositions;
    await retry?.read(this.#redis, tick.basics.retry, tick);
    await dead?.read(this.#redis, tick.basics.dead, tick);
    this.#lost.found(await this.#memory.news.read(this.#redis, tick));
  }

  #snapshot({ nowMs, basics, problems }: Tick, { processes, paused, sets, schedules }: Found): Snapshot {
    const activity = activityOf(processes, (identity) => this.#work.jobsOf(identity), nowMs);
    // Without Enterprise nobody leads: only a leader that was seen can be missed.
    const schedulerUp = this.#leader.update(basics.leader, { expected: false, lag: 0, nowMs });
    const invalidSince = this.#invalid.take();
    for (const { queue, errorType, count } of invalidSince)
      problems.add("PAYLOAD_INVALID", `queue ${queue}: ${errorType}`, count);
    return {
      system: "sidekiq",
      takenAtMs: nowMs,
      queues: this.#queueStates(activity, { paused, nowMs, problems }),
      classes: this.#classStates(activity, nowMs),
      sets,
      failures: this.#compositions.flatMap(({ parts }) => parts),
      failuresSince: this.#memory.news.take(),
      invalidSince,
      jobs: { processed: basics.processed, failed: basics.failed },
      lostJobsSince: this.#lost.take(),
      workers: { ...activity.workers, ...this.#memory.ledger.take() },
      schedules,
      schedulerUp,
      deploysSince: this.#memory.deploys.take(),
      problems: problems.all,
    };
  }

  #queueStates(
    activity: Activity,
    { paused, nowMs, problems }: { paused: ReadonlySet<string>; nowMs: number; problems: Problems },
  ): QueueState[] {
    return this.#queues.take(nowMs, problems).map((reading) => ({
      ...reading,
      ...activity.queue(reading.queue),
      latencyUncertainty: undefined,
      paused: paused.has(reading.queue),
    }));
  }

  #classStates({ classes }: Activity, nowMs: number): ClassState[] {
    const counted = this.#memory.classes.take(nowMs);
    const names = new Set([...classes.keys(), ...counted.keys()]);
    return [...names].map((jobClass) => {
      const { running = 0, longestRunning = 0 } = classes.get(jobClass) ?? {};
      const { processedSince, failedSince, durationSince } = counted.get(jobClass) ?? {};
      return { jobClass, running, longestRunning, processedSince, failedSince, durationSince };
    });
  }

  save(): unknown {
    return Object.fromEntries(Object.entries(this.#memory).map(([name, part]) => [name, part.save()]));
  }

  restore(state: unknown): void {
    if (!isObject(state)) return;
    for (const [name, part] of Object.entries(this.#memory)) if (Object.hasOwn(state, name)) part.restore(state[name]);
  }
}

import type { Database } from "../redis/database.ts";
import { ExecutionMetrics } from "./execution-metrics.ts";
import { payloadOf, type Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { Capsule, ProcessPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";
import type { Written } from "./written.ts";

/** What every process works with. */
export interface Surroundings {
  readonly database: Database;
  readonly store: JobStore;
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly written: Written;
}

/** A job in the hands of a thread. */
export interface Running {
  readonly job: Job;
  readonly capsule: Capsule;
  readonly startedMs: number;
}

const beatMs = 10_000;
const keptSeconds = 60;
const version = "8.1.7";

/** One Sidekiq process: its threads take jobs, and each heartbeat says what they do (lib/sidekiq/launcher.rb, 8.1.7). */
export class WorkerProcess {
  readonly plan: ProcessPlan;
  readonly identity: string;
  readonly #pid: number;
  readonly #around: Surroundings;
  readonly #random: Random;
  readonly #startedMs: number;
  readonly #metrics = new ExecutionMetrics();
  readonly #running = new Map<string, Running>();
  #attempts = { processed: 0, failed: 0 };
  #memoryKb: number;
  #quiet = false;
  /** Whether it is there at all; a process that is gone does nothing any more. */
  #alive = true;
  /** What it said last. */
  said: { readonly beatMs: number; readonly quiet: boolean; readonly running: readonly Running[] };

  constructor(plan: ProcessPlan, around: Surroundings, random: Random) {
    this.plan = plan;
    this.#around = around;
    this.#random = random;
    this.#pid = 1_000 + random.below(60_000);
    this.identity = `${plan.host}:${this.#pid}:${random.digits(12, 16)}`;
    this.#startedMs = around.timeline.nowMs;
    this.#memoryKb = Math.round(random.between(210_000, 260_000));
    this.said = { beatMs: this.#startedMs, quiet: false, running: [] };
    this.#beat();
    this.wake();
  }

  get accepting(): boolean {
    return this.#alive && !this.#quiet;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Whether a thread that serves the queue has nothing to do. */
  isIdle(queue: string): boolean {
    return this.accepting && this.plan.capsules.some((capsule) => serves(capsule, queue) && this.#free(capsule) > 0);
  }

  /** Every idle thread looks for a job. */
  wake(): void {
    for (const capsule of this.plan.capsules) while (this.accepting && this.#free(capsule) > 0 && this.#take(capsule));
  }

  /** Takes no more jobs, and says so at the next heartbeat. */
  quiet(): void {
    this.#quiet = true;
  }

  /** Ends in good order: what is not finished goes back to its queue. */
  stop(): void {
    const { database, store } = this.#around;
    this.#quiet = true;
    this.#alive = false;
    for (const { job } of this.#running.values()) store.giveBack(job);
    this.#running.clear();
    this.#flush();
    database.srem("processes", this.identity);
    database.del(`${this.identity}:work`);
  }

  /** Ends as with kill -9: what it held and did not say is lost. Returns the jobs that it held. */
  kill(): readonly Job[] {
    this.#alive = false;
    const held = [...this.#running.values()].map(({ job }) => job);
    this.#running.clear();
    return held;
  }

  #free(capsule: Capsule): number {
    let busy = 0;
    for (const running of this.#running.values()) if (running.capsule === capsule) busy++;
    return capsule.concurrency - busy;
  }

  #take(capsule: Capsule): boolean {
    const { store, timeline, weather } = this.#around;
    const queue = this.#choose(capsule);
    const job = queue === undefined ? undefined : store.fetch(queue);
    if (!job) return false;
    if (job.malformed !== undefined) {
      // What cannot be parsed is no attempt at anything.
      store.kill(job);
      return true;
    }
    const thread = this.#random.digits(4, 36);
    const { durationMs, error } = weather.outcome(job.kind, this.#random);
    this.#running.set(thread, { job, capsule, startedMs: timeline.nowMs });
    timeline.after(durationMs, () => this.#finish(thread, job, { durationMs, error }));
    return true;
  }

  /** The first queue with jobs: in strict order, or by weight as often as shuffling all of them would make it the first. */
  #choose({ weights }: Capsule): string | undefined {
    const waiting = Object.keys(weights).filter((queue) => this.#around.store.size(queue) > 0);
    const strict = Object.values(weights).every((weight) => weight === 0);
    return strict ? waiting[0] : this.#random.weighted(waiting, (queue) => weights[queue] ?? 0);
  }

  #finish(thread: string, job: Job, { durationMs, error }: ReturnType<Weather["outcome"]>): void {
    // The thread may have ended with its process, and another one taken its name since.
    if (this.#running.get(thread)?.job !== job) return;
    this.#running.delete(thread);
    this.#attempts.processed++;
    if (error) {
      this.#attempts.failed++;
      this.#metrics.failed(job.kind.name);
      this.#around.store.fail(job, error);
    } else this.#metrics.succeeded(job.kind.name, durationMs);
    this.wake();
  }

  #beat(): void {
    if (!this.#alive) return;
    this.#flush();
    this.#sayWork();
    this.#sayState();
    this.said = { beatMs: this.#around.timeline.nowMs, quiet: this.#quiet, running: [...this.#running.values()] };
    this.#around.timeline.after(beatMs, () => this.#beat());
  }

  #flush(): void {
    const { database, timeline, written } = this.#around;
    const attempts = this.#attempts;
    this.#attempts = { processed: 0, failed: 0 };
    const day = new Date(timeline.nowMs).toISOString().slice(0, 10);
    for (const [name, count] of Object.entries(attempts).filter(([, many]) => many > 0)) {
      database.incrBy(`stat:${name}`, count);
      database.incrBy(`stat:${name}:${day}`, count);
      database.expire(`stat:${name}:${day}`, 157_680_000);
    }
    written.add(attempts, this.#metrics.flush(database, timeline.nowMs));
  }

  #sayWork(): void {
    const { database } = this.#around;
    const key = `${this.identity}:work`;
    database.del(key);
    for (const [thread, { job, startedMs }] of this.#running) {
      const entry = { queue: job.kind.queue, payload: payloadOf(job), run_at: Math.floor(startedMs / 1_000) };
      database.hset(key, { [thread]: JSON.stringify(entry) });
    }
    database.expire(key, keptSeconds);
  }

  #sayState(): void {
    const { database, timeline } = this.#around;
    this.#memoryKb += this.#random.below(300);
    database.sadd("processes", this.identity);
    database.hset(this.identity, {
      info: this.#info(),
      concurrency: String(this.plan.capsules.reduce((sum, { concurrency }) => sum + concurrency, 0)),
      busy: String(this.#running.size),
      beat: String(timeline.nowMs / 1_000),
      rtt_us: String(Math.round(this.#random.logNormal(250, 0.4))),
      quiet: String(this.#quiet),
      rss: String(this.#memoryKb),
    });
    database.expire(this.identity, keptSeconds);
  }

  #info(): string {
    const { host, capsules } = this.plan;
    return JSON.stringify({
      hostname: host,
      started_at: this.#startedMs / 1_000,
      pid: this.#pid,
      tag: "shop",
      queues: capsules.flatMap(({ weights }) => Object.keys(weights)),
      weights: capsules.map(({ weights }) => weights),
      capsules: Object.fromEntries(
        capsules.map(({ name, concurrency, weights }) => [name, { concurrency, mode: modeOf(weights), weights }]),
      ),
      labels: [],
      identity: this.identity,
      version,
      embedded: false,
    });
  }
}

export function serves({ weights }: Capsule, queue: string): boolean {
  return Object.hasOwn(weights, queue);
}

function modeOf(weights: Capsule["weights"]): string {
  return Object.values(weights).every((weight) => weight === 0) ? "strict" : "weighted";
}

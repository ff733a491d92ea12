import { Deque } from "../redis/deque.ts";
import type { Database } from "../redis/database.ts";
import { payloadOf, type Failure, type Job } from "./job.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Sidekiq keeps no more dead jobs than this. */
const maxDead = 10_000;

/** Where jobs wait that are not in a queue, by the key's name. */
export type SetName = "schedule" | "retry" | "dead";

/** A job in one of the sets. */
interface Kept {
  readonly job: Job;
  readonly score: number;
}

/**
 * Where jobs wait: the queues, and the sets of scheduled, failed and dead ones. Each stands here as an object and in the
 * database as Sidekiq's clients and servers write it (lib/sidekiq/{client,fetch,job_retry,scheduled}.rb, 8.1.7).
 */
export class JobStore {
  readonly #database: Database;
  readonly #timeline: Timeline;
  readonly #queues = new Map<string, Deque<Job>>();
  readonly #sets = { schedule: new Map<string, Kept>(), retry: new Map<string, Kept>(), dead: new Map<string, Kept>() };
  readonly #random: Random;

  constructor(database: Database, timeline: Timeline, random: Random) {
    this.#database = database;
    this.#timeline = timeline;
    this.#random = random;
  }

  /** A client's push: the job is the youngest of its queue. */
  push(job: Job): void {
    const { queue } = job.kind;
    job.enqueuedMs = this.#timeline.nowMs;
    this.#database.sadd("queues", queue);
    this.#database.lpush(`queue:${queue}`, payloadOf(job));
    this.#queue(queue).unshift(job);
  }

  /** A process takes the oldest job of a queue. */
  fetch(queue: string): Job | undefined {
    this.#database.rpop(`queue:${queue}`);
    return this.#queue(queue).pop();
  }

  /** A process that stops gives back what it did not finish, as the oldest of its queue. */
  giveBack(job: Job): void {
    this.#database.rpush(`queue:${job.kind.queue}`, payloadOf(job));
    this.#queue(job.kind.queue).push(job);
  }

  schedule(job: Job, delayMs: number): void {
    this.#keep("schedule", job, (this.#timeline.nowMs + delayMs) / 1_000);
  }

  /** Notes a failure: the job is tried again later, is dead, or forgotten. */
  fail(job: Job, error: Failure["error"]): void {
    const { nowMs } = this.#timeline;
    const before = job.failure;
    const count = before ? before.count + 1 : 0;
    job.failure = { error, firstMs: before?.firstMs ?? nowMs, lastMs: before ? nowMs : undefined, count };
    const { retry } = job.kind;
    if (retry === false) return;
    if (count >= retry) return this.kill(job);
    const delay = count ** 4 + 15 + this.#random.below(10 * (count + 1));
    this.#keep("retry", job, nowMs / 1_000 + delay);
  }

  /** Nobody will try this one again. */
  kill(job: Job): void {
    this.#keep("dead", job, this.#timeline.nowMs / 1_000);
    const [oldest] = this.#sets.dead.keys();
    if (this.#sets.dead.size > maxDead && oldest !== undefined) this.#remove("dead", oldest);
  }

  /** Takes the jobs of a set whose time has come, the earliest first. */
  takeDue(set: "schedule" | "retry"): Job[] {
    const now = this.#timeline.nowMs / 1_000;
    const due = [...this.#sets[set]].filter(([, { score }]) => score <= now);
    for (const [payload] of due) this.#remove(set, payload);
    return due.toSorted(([, a], [, b]) => a.score - b.score).map(([, { job }]) => job);
  }

  size(queue: string): number {
    return this.#queues.get(queue)?.length ?? 0;
  }

  /** When the oldest waiting job (that is one) was enqueued, in ms. */
  oldestMs(queue: string): number | undefined {
    const jobs = this.#queue(queue);
    for (let index = -1; index >= -jobs.length; index--) {
      const job = jobs.at(index);
      if (job?.malformed === undefined) return job?.enqueuedMs;
    }
    return undefined;
  }

  /** Scores of a set's jobs, in no order. */
  scores(set: SetName): readonly number[] {
    return [...this.#sets[set].values()].map(({ score }) => score);
  }

  #keep(set: SetName, job: Job, score: number): void {
    const payload = payloadOf(job);
    this.#database.zadd(set, score, payload);
    this.#sets[set].set(payload, { job, score });
  }

  #remove(set: SetName, payload: string): void {
    this.#database.zrem(set, payload);
    this.#sets[set].delete(payload);
  }

  #queue(name: string): Deque<Job> {
    let jobs = this.#queues.get(name);
    if (!jobs) this.#queues.set(name, (jobs = new Deque()));
    return jobs;
  }
}

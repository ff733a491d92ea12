import type { Redis } from "../../redis/client.ts";
import { zcount, zrange, zrangeByScore } from "../../redis/commands.ts";
import { digest } from "../digest.ts";
import { isObject } from "../json.ts";
import type { Problems } from "../problems.ts";
import type { FailureGroup } from "../system.ts";
import { FailureGroups, namesOf } from "./failure-groups.ts";
import { readJob, type Job } from "./job.ts";
import type { Keys } from "./keys.ts";

/** Records that one read looks at, of each set. */
const maxRecords = 300;
/**
 * A first failure is tried again 15 to 25 s later, a second one up to 36 s later (sidekiq lib/sidekiq/job_retry.rb): new
 * records stand this far ahead of now.
 */
const aheadSeconds = 36;
/** Clocks of workers may differ from the server's by this much. */
const skewMs = 5_000;

interface Context {
  readonly nowMs: number;
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** Counts new failure records: dead jobs by the time of their death, retries just ahead of now. A lower bound. */
export class FailureNews {
  readonly #keys: Keys;
  #readMs: number | undefined;
  #deadUntil = 0;
  /** Retries seen ahead of now, as digests. */
  #ahead: ReadonlySet<string> = new Set();
  #retry = new FailureGroups("retry");
  #dead = new FailureGroups("dead");

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Gives the ids of jobs that failed since the last read. */
  async read(redis: Redis, context: Context): Promise<string[]> {
    const jids = [...(await this.#readDead(redis, context)), ...(await this.#readRetry(redis, context))];
    this.#readMs = context.nowMs;
    return jids;
  }

  async #readDead(redis: Redis, { nowMs, problems, signal }: Context): Promise<string[]> {
    const now = nowMs / 1_000;
    const { dead } = this.#keys;
    const since = this.#readMs === undefined ? now : this.#deadUntil;
    const [counted] = await redis.read([zcount(dead, `(${since}`, now)], signal);
    const count = problems.value(counted, dead, 0);
    const newest = count === 0 ? [] : [zrange(dead, -Math.min(count, maxRecords), -1)];
    const [result] = await redis.read(newest, signal);
    this.#deadUntil = now;
    const jobs = problems
      .value(result, dead, [])
      .filter(({ score }) => score > since && score <= now)
      .flatMap(({ member }) => jobsOf(member));
    for (const job of jobs) this.#dead.add(namesOf(job));
    this.#dead.addOther(count - jobs.length);
    return jobs.flatMap(({ jid }) => jid ?? []);
  }

  async #readRetry(redis: Redis, { nowMs, problems, signal }: Context): Promise<string[]> {
    const { retry } = this.#keys;
    const now = nowMs / 1_000;
    const range = { min: now, max: now + aheadSeconds, count: maxRecords };
    const [result] = await redis.read([zrangeByScore(retry, range)], signal);
    const records = problems.value(result, retry, []).flatMap(({ member }) => jobsOf(member));
    const keys = records.map((job) => digest(`${job.jid ?? ""} ${job.retryCount} ${job.jobClass}`));
    const sinceMs = (this.#readMs ?? Infinity) - skewMs;
    const fresh = records.filter(
      ({ failedAtMs }, index) => (failedAtMs ?? 0) > sinceMs && !this.#ahead.has(keys[index] ?? ""),
    );
    for (const job of fresh) this.#retry.add(namesOf(job));
    this.#ahead = new Set(keys);
    return fresh.flatMap(({ jid }) => jid ?? []);
  }

  /** New failures since the last call. */
  take(): FailureGroup[] {
    const taken = [...this.#retry.all, ...this.#dead.all];
    this.#retry = new FailureGroups("retry");
    this.#dead = new FailureGroups("dead");
    return taken;
  }

  save(): unknown {
    return { readMs: this.#readMs, deadUntil: this.#deadUntil, ahead: [...this.#ahead] };
  }

  restore(state: unknown): void {
    if (!isObject(state)) return;
    const { readMs, deadUntil, ahead } = {
      readMs: state["readMs"],
      deadUntil: state["deadUntil"],
      ahead: state["ahead"],
    };
    if (typeof readMs !== "number" || typeof deadUntil !== "number" || !Array.isArray(ahead)) return;
    this.#readMs = readMs;
    this.#deadUntil = deadUntil;
    this.#ahead = new Set(ahead.slice(0, maxRecords).filter((key) => typeof key === "string"));
  }
}

function jobsOf(member: string): Job[] {
  const job = readJob(member);
  return typeof job === "string" ? [] : [job];
}

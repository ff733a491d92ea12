import type { Redis } from "../../redis/client.ts";
import { lrange } from "../../redis/commands.ts";
import { isObject } from "../json.ts";
import type { Problems } from "../problems.ts";
import { readJob } from "./job.ts";
import type { Keys } from "./keys.ts";
import type { Process } from "./processes.ts";
import type { RunningJob } from "./work.ts";

/** A job that was not seen again for so long is presumed lost. */
const graceMs = 90_000;
/** Lists looked into at each read, and how many elements at each end; of queues with large jobs fewer. */
const placesPerRead = 40;
const nearEnd = 100;
const nearEndOfLarge = 5;
const maxCandidates = 10_000;

interface Candidate {
  readonly jobClass: string;
  readonly queue: string;
  readonly identity: string;
  readonly sinceMs: number;
}

interface Context {
  readonly problems: Problems;
  readonly signal: AbortSignal;
  /** Whether jobs of the queue are large. */
  readonly large: (queue: string) => boolean;
}

/**
 * Counts the jobs that died with their processes: what a lost process held at its last heartbeat (and had held for longer
 * than a period), and what was not seen again since: executed, in its queue, as a failure, or in super_fetch's keeping.
 * An upper bound: a job may have ended after the last heartbeat.
 */
export class LostJobs {
  readonly #keys: Keys;
  #candidates = new Map<string, Candidate>();
  #counts = new Map<string, number>();
  #turn = 0;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** A process was found lost, with these jobs in its hands. */
  add({ identity, beatMs, periodMs }: Process, jobs: readonly RunningJob[], nowMs: number): void {
    const longBefore = (beatMs ?? nowMs - graceMs) - periodMs;
    for (const { jid, jobClass, queue, runAtMs } of jobs) {
      if (jid === undefined || runAtMs === undefined || runAtMs > longBefore) continue;
      if (this.#candidates.size < maxCandidates)
        this.#candidates.set(jid, { jobClass, queue, identity, sinceMs: nowMs });
    }
  }

  /** Whether there are jobs to look for. */
  get pending(): boolean {
    return this.#candidates.size > 0;
  }

  /** Jobs that were seen again. */
  found(jids: Iterable<string>): void {
    for (const jid of jids) this.#candidates.delete(jid);
  }

  /** Processes that gave a sign of life again still have their jobs. */
  alive(identities: ReadonlySet<string>): void {
    for (const [jid, { identity }] of this.#candidates) if (identities.has(identity)) this.#candidates.delete(jid);
  }

  /** Looks at both ends of the queues that the jobs came from, and at what super_fetch keeps of them. */
  async search(redis: Redis, { problems, signal, large }: Context): Promise<void> {
    const places = this.#places(large);
    const results = await redis.read(
      places.flatMap(([key, count]) => [lrange(key, -count, -1), lrange(key, 0, count - 1)]),
      signal,
    );
    const texts = results.flatMap((result, index) => problems.value(result, places[index >> 1]?.[0] ?? "", []));
    const jobs = texts.map(readJob);
    this.found(jobs.flatMap((job) => (typeof job === "string" ? [] : (job.jid ?? []))));
  }

  /** Keys to look into now, in turn, and how many elements of each end. */
  #places(large: (queue: string) => boolean): (readonly [key: string, count: number])[] {
    const places = new Map<string, number>();
    for (const { queue, identity } of this.#candidates.values()) {
      const count = large(queue) ? nearEndOfLarge : nearEnd;
      for (const key of [this.#keys.queue(queue), this.#keys.held(identity, queue)]) places.set(key, count);
    }
    const all = [...places];
    const from = all.length === 0 ? 0 : (this.#turn++ * placesPerRead) % all.length;
    return [...all.slice(from), ...all.slice(0, from)].slice(0, placesPerRead);
  }

  /** What is overdue now is presumed lost. */
  settle(nowMs: number): void {
    for (const [jid, { jobClass, sinceMs }] of this.#candidates) {
      if (nowMs - sinceMs < graceMs) continue;
      this.#candidates.delete(jid);
      this.#counts.set(jobClass, (this.#counts.get(jobClass) ?? 0) + 1);
    }
  }

  /** Jobs presumed lost since the last call. */
  take(): { readonly jobClass: string; readonly count: number }[] {
    const taken = [...this.#counts].map(([jobClass, count]) => ({ jobClass, count }));
    this.#counts = new Map();
    return taken;
  }

  save(): unknown {
    return [...this.#candidates].map(([jid, candidate]) => ({ jid, ...candidate }));
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, maxCandidates).filter(isObject)) {
      const [jid, jobClass, queue, identity] = ["jid", "jobClass", "queue", "identity"].map((name) => entry[name]);
      const sinceMs: unknown = entry["sinceMs"];
      if (typeof jid !== "string" || typeof jobClass !== "string" || typeof queue !== "string") continue;
      if (typeof identity !== "string" || typeof sinceMs !== "number") continue;
      this.#candidates.set(jid, { jobClass, queue, identity, sinceMs });
    }
  }
}

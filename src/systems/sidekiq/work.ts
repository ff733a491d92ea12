import type { Redis } from "../../redis/client.ts";
import { hgetall } from "../../redis/commands.ts";
import { Budget } from "../budget.ts";
import { parseObject } from "../json.ts";
import type { Problems } from "../problems.ts";
import { momentMs } from "../time-text.ts";
import { jobOf, readJob } from "./job.ts";
import type { Keys } from "./keys.ts";
import type { Process } from "./processes.ts";

/** A job that a process says it is executing. */
export interface RunningJob {
  readonly queue: string;
  readonly jobClass: string;
  readonly jid: string | undefined;
  readonly runAtMs: number | undefined;
}

interface Held {
  readonly jobs: readonly RunningJob[];
  /** Number of the read that brought them. */
  readonly turn: number;
}

/** Bytes of running jobs, with their arguments, that one read may bring; and the bytes of one page of it. */
const bytesPerRead = 320 * 1_024;
const bytesPerPage = 160 * 1_024;
/** What a running job is taken to measure before any was seen. */
const firstGuess = 1_024;
const unknown = "unknown";

/**
 * Reads the jobs in the hands of processes. All of them at every read while that costs little; else as many as fit,
 * the longest unread first, and what was read before still holds.
 */
export class WorkReader {
  readonly #keys: Keys;
  #held = new Map<string, Held>();
  #turn = 0;
  #bytesPerJob = firstGuess;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** `urgent`: processes that must be read now, before their work expires. */
  async read(
    redis: Redis,
    processes: readonly Process[],
    context: { readonly urgent: ReadonlySet<string>; readonly problems: Problems; readonly signal: AbortSignal },
  ): Promise<void> {
    this.#turn++;
    this.#forget(processes);
    const waiting = this.#order(processes, context.urgent);
    const budget = new Budget(bytesPerRead);
    let at = 0;
    while (at < waiting.length) {
      const page = this.#page(waiting, at);
      const bytes = await this.#readPage(redis, page, context);
      at += page.length;
      if (!budget.take(bytes)) break;
    }
  }

  /** Only what is there still: idle processes hold nothing, and what a lost one held does not change any more. */
  #forget(processes: readonly Process[]): void {
    const before = this.#held;
    this.#held = new Map();
    for (const { identity, busy, state } of processes) {
      const held = before.get(identity);
      if (held && (busy > 0 || state === "lost")) this.#held.set(identity, held);
    }
  }

  #order(processes: readonly Process[], urgent: ReadonlySet<string>): Process[] {
    const turnOf = ({ identity }: Process) => (urgent.has(identity) ? -1 : (this.#held.get(identity)?.turn ?? 0));
    return processes
      .filter(({ identity, busy, state }) => urgent.has(identity) || (busy > 0 && state !== "lost"))
      .toSorted((a, b) => turnOf(a) - turnOf(b));
  }

  /** As many processes as fit into a page, by the sizes seen so far. */
  #page(waiting: readonly Process[], from: number): Process[] {
    const page: Process[] = [];
    let bytes = 0;
    for (const process of waiting.slice(from, from + 500)) {
      bytes += Math.max(1, process.busy) * this.#bytesPerJob;
      if (page.length > 0 && bytes > bytesPerPage) break;
      page.push(process);
    }
    return page;
  }

  async #readPage(
    redis: Redis,
    page: readonly Process[],
    { problems, signal }: { readonly problems: Problems; readonly signal: AbortSignal },
  ): Promise<number> {
    const reads = page.flatMap(({ identity, info }) => {
      const keys = [this.#keys.work(identity)];
      if (info.version === undefined) keys.push(this.#keys.oldWork(identity));
      return keys.map((key) => ({ identity, key }));
    });
    const results = await redis.read(
      reads.map(({ key }) => hgetall(key)),
      signal,
    );
    const found = new Map<string, RunningJob[]>();
    let bytes = 0;
    let entries = 0;
    for (const [index, { identity, key }] of reads.entries()) {
      const values = [...problems.value(results[index], key, new Map<string, string>()).values()];
      bytes += values.reduce((sum, text) => sum + text.length, 0);
      entries += values.length;
      found.set(identity, [...(found.get(identity) ?? []), ...values.flatMap(runningJob)]);
    }
    return this.#keep(page, found, { bytes, entries });
  }

  #keep(
    page: readonly Process[],
    found: ReadonlyMap<string, readonly RunningJob[]>,
    { bytes, entries }: { readonly bytes: number; readonly entries: number },
  ): number {
    for (const { identity, state } of page) {
      const jobs = found.get(identity) ?? [];
      // The work of a lost process may have expired before its hash: what was known of it is the best there is.
      if (state === "lost" && jobs.length === 0) continue;
      this.#held.set(identity, { jobs, turn: this.#turn });
    }
    if (entries > 0) this.#bytesPerJob = Math.max(64, bytes / entries);
    return bytes;
  }

  jobsOf(identity: string): readonly RunningJob[] {
    return this.#held.get(identity)?.jobs ?? [];
  }
}

/** `{queue, payload, run_at}`; the payload is JSON inside JSON in all versions up to 8.1, an object is understood too. */
function runningJob(text: string): RunningJob[] {
  const entry = parseObject(text);
  if (!entry) return [];
  const payload: unknown = entry["payload"];
  const job = typeof payload === "string" ? readJob(payload) : jobOf(payload);
  const queue: unknown = entry["queue"];
  const runAtMs = momentMs(entry["run_at"]);
  const named = typeof queue === "string" ? queue : undefined;
  if (typeof job === "string") return [{ queue: named ?? unknown, jobClass: unknown, jid: undefined, runAtMs }];
  return [{ queue: named ?? job.queue ?? unknown, jobClass: job.jobClass, jid: job.jid, runAtMs }];
}

import type { Problems } from "../problems.ts";
import type { InvalidCounter } from "../invalid-payloads.ts";
import type { Look } from "./latency/look.ts";
import { readJob } from "./payload.ts";

/** A job is not older than Resque itself (2009), nor enqueued more than a day from now. */
const oldestMs = Date.UTC(2009, 0);
const farAheadMs = 86_400_000;
/** Clocks that differ less than this are in step. */
const skewMs = 5_000;
/** A head larger than this is not kept to be compared with the next one. */
const keptLength = 4_096;
/** Where so many looks found no time, the oldest job is read every so many turns only. */
const silentLooks = 5;
const silentTurns = 20;

/** Reads the payloads that a look brings: when the oldest job was enqueued, where it tells, and which are no jobs. */
export class HeadReader {
  readonly #queue: string;
  #headText: string | undefined;
  #enqueuedAtMs: number | undefined;
  #tail: readonly string[] = [];
  /** Looks in a row at jobs that told no time. */
  #silent = 0;

  constructor(queue: string) {
    this.#queue = queue;
  }

  /** Whether to read the oldest job: not each time where jobs tell no time, the youngest ones neither. */
  wanted(turn: number): boolean {
    return this.#silent < silentLooks || turn % silentTurns === 0;
  }

  take({ atMs, head, tail }: Look, invalid: InvalidCounter): void {
    if (head === undefined) this.#enqueuedAtMs = undefined;
    else if (head !== this.#headText) this.#enqueuedAtMs = this.#time(head, atMs, invalid);
    this.#headText = head !== undefined && head.length <= keptLength ? head : undefined;
    this.#silent = this.#enqueuedAtMs === undefined ? this.#silent + 1 : 0;
    if (tail.length !== this.#tail.length || tail.some((text, index) => text !== this.#tail[index]))
      this.#takeTail({ atMs, head, tail }, invalid);
  }

  #takeTail({ atMs, head, tail }: Pick<Look, "atMs" | "head" | "tail">, invalid: InvalidCounter): void {
    for (const text of tail)
      if (!this.#tail.includes(text) && text !== head && this.#time(text, atMs, invalid) !== undefined)
        this.#silent = 0;
    this.#tail = tail.filter((text) => text.length <= keptLength);
  }

  /** When a job was enqueued; counts what is no job, or has a time that cannot be. */
  #time(text: string, nowMs: number, invalid: InvalidCounter): number | undefined {
    const job = readJob(text);
    if (typeof job === "string") {
      invalid.count(this.#queue, text, job);
      return undefined;
    }
    const ms = job.enqueuedAtMs;
    if (ms === undefined || (ms >= oldestMs && ms <= nowMs + farAheadMs)) return ms;
    invalid.count(this.#queue, text, "absurd_time");
    return undefined;
  }

  /** Age of the oldest job by its own word, in seconds; undefined where it tells no time. Never negative. */
  latency(nowMs: number, problems: Problems): number | undefined {
    if (this.#enqueuedAtMs === undefined) return undefined;
    if (this.#enqueuedAtMs > nowMs + skewMs)
      problems.add("CLOCK_SKEW", `queue ${this.#queue}: a job was enqueued in the future`);
    return Math.max(0, nowMs - this.#enqueuedAtMs) / 1_000;
  }
}

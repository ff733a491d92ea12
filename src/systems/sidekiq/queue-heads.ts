import type { InvalidCounter } from "../invalid-payloads.ts";
import type { Problems } from "../problems.ts";
import { faultOf, readJob } from "./job.ts";

/** Clocks that differ less than this are in step. */
const skewMs = 5_000;
/** A head larger than this is not kept to be compared with the next one. */
const keptLength = 4_096;
/** A job that is larger than this is called too large: Sidekiq's advice is a few hundred bytes. */
const largeLength = 1_048_576;

/** What the oldest jobs of one queue tell: since when they wait, and which of them are no jobs. */
export class QueueHead {
  readonly #queue: string;
  #text: string | undefined;
  #enqueuedAtMs: number | undefined;

  constructor(queue: string) {
    this.#queue = queue;
  }

  /** Whether this is the very element that was taken before (big ones are not kept, and always new). */
  same(text: string | undefined): boolean {
    return text !== undefined && text === this.#text;
  }

  /** Takes the oldest element; false when it is no job, and the next oldest should be looked at. */
  take(text: string | undefined, nowMs: number, invalid: InvalidCounter): boolean {
    if (this.same(text)) return this.#enqueuedAtMs !== undefined;
    this.#text = text !== undefined && text.length <= keptLength ? text : undefined;
    this.#enqueuedAtMs = text === undefined ? undefined : this.#read(text, nowMs, invalid);
    return text === undefined || this.#enqueuedAtMs !== undefined;
  }

  /** Looks for the oldest real job among the oldest elements, the oldest last. */
  search(texts: readonly string[], nowMs: number, invalid: InvalidCounter): void {
    for (const text of texts.toReversed()) {
      this.#enqueuedAtMs = this.#read(text, nowMs, invalid);
      if (this.#enqueuedAtMs !== undefined) return;
    }
  }

  #read(text: string, nowMs: number, invalid: InvalidCounter): number | undefined {
    if (text.length > largeLength) invalid.count(this.#queue, text, "too_large");
    const job = readJob(text);
    const fault = faultOf(job, nowMs);
    if (fault !== undefined) invalid.count(this.#queue, text, fault);
    return fault !== undefined || typeof job === "string" ? undefined : job.enqueuedAtMs;
  }

  /** Age of the oldest job, in seconds; undefined where no time is known. Never negative. */
  latency(nowMs: number, problems: Problems): number | undefined {
    if (this.#enqueuedAtMs === undefined) return undefined;
    if (this.#enqueuedAtMs > nowMs + skewMs)
      problems.add("CLOCK_SKEW", `queue ${this.#queue}: a job was enqueued in the future`);
    return Math.max(0, nowMs - this.#enqueuedAtMs) / 1_000;
  }
}

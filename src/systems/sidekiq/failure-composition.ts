import type { Redis } from "../../redis/client.ts";
import { memoryUsage, zrange } from "../../redis/commands.ts";
import type { InvalidCounter } from "../invalid-payloads.ts";
import type { Problems } from "../problems.ts";
import type { FailureGroup, JobSet } from "../system.ts";
import { FailureGroups, namesOf } from "./failure-groups.ts";
import { readJob } from "./job.ts";

/** Up to this size a set is read whole, and again whenever its size has changed. */
const wholeSize = 500;
/** Of a larger one: pages from the lowest to the highest score, at every eighth read. */
const pages = 20;
const pageSize = 20;
const everyReads = 8;
/** Bytes that one look may bring: failed jobs carry messages and backtraces. */
const bytesPerLook = 512 * 1_024;
const maxGroups = 200;

interface Context {
  readonly problems: Problems;
  readonly invalid: InvalidCounter;
  readonly signal: AbortSignal;
}

/** What the retry or dead set consists of: exact while it is small, else a sample that is scaled to its size. */
export class FailureComposition {
  readonly #set: JobSet;
  readonly #key: string;
  #groups: FailureGroups;
  #size = 0;
  #readSize: number | undefined;
  #wait = 0;

  constructor(set: JobSet, key: string) {
    this.#set = set;
    this.#key = key;
    this.#groups = new FailureGroups(set);
  }

  async read(redis: Redis, size: number, context: Context): Promise<void> {
    this.#size = size;
    this.#wait--;
    const changed = size <= wholeSize && size !== this.#readSize;
    if (size === 0 || (!changed && this.#wait > 0)) return;
    this.#wait = everyReads;
    const [usage] = await redis.read([memoryUsage(this.#key, 5)], context.signal);
    const each = Math.max(1, (context.problems.value(usage, this.#key, undefined) ?? size * 1_024) / size);
    const affordable = Math.max(1, Math.floor(bytesPerLook / each));
    const ranges = rangesOf(size, affordable);
    const results = await redis.read(
      ranges.map(({ start, stop }) => zrange(this.#key, start, stop)),
      context.signal,
    );
    this.#groups = new FailureGroups(this.#set);
    this.#readSize = size;
    for (const result of results)
      for (const { member } of context.problems.value(result, this.#key, [])) this.#take(member, context.invalid);
  }

  #take(member: string, invalid: InvalidCounter): void {
    const job = readJob(member);
    if (typeof job !== "string") return this.#groups.add(namesOf(job));
    invalid.count("unknown", member, job);
    this.#groups.addOther(1);
  }

  get parts(): FailureGroup[] {
    return this.#groups.scaledTo(this.#size, maxGroups);
  }
}

/** Ranks to read: all, or pages that lie evenly over the set. */
function rangesOf(size: number, affordable: number): { readonly start: number; readonly stop: number }[] {
  if (size <= wholeSize && size <= affordable) return [{ start: 0, stop: size - 1 }];
  const each = Math.max(1, Math.min(pageSize, Math.floor(affordable / pages)));
  const count = Math.min(pages, Math.max(1, affordable), Math.ceil(size / each));
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * size) / count);
    return { start, stop: Math.min(size, start + each) - 1 };
  });
}

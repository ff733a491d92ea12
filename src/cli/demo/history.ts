import type { QueueReading, Readings } from "./readings.ts";

/** Workers tell what they did every ten seconds: over less than that, a rate would jump. */
const windowMs = 30_000;
const keptSizes = 24;
/** A queue's size is kept at this pace, so that the line shows the last two minutes. */
const sizeEveryMs = 5_000;
/** Fewer jobs than this are no mountain. */
const leastPeak = 8;
const bars = ["▁", "▂", "▃", "▅", "▇"] as const;

interface Total {
  readonly timeMs: number;
  readonly processed: number | undefined;
  readonly failed: number | undefined;
}

/** What the readings were a moment ago: rates, and how sizes went. */
export class History {
  #totals: Total[] = [];
  readonly #sizes = new Map<string, number[]>();
  #sizesMs = Number.NEGATIVE_INFINITY;

  add({ timeMs, processed, failed, queues }: Readings): void {
    if (timeMs === this.#totals.at(-1)?.timeMs) return;
    this.#totals.push({ timeMs, processed, failed });
    this.#totals = this.#totals.filter((total) => timeMs - total.timeMs <= windowMs);
    const next = timeMs - this.#sizesMs >= sizeEveryMs;
    if (next) this.#sizesMs = timeMs;
    for (const queue of queues) this.#addSize(queue, next);
  }

  /** The latest place of a line always holds the latest size. */
  #addSize(queue: QueueReading, next: boolean): void {
    const key = keyOf(queue);
    const sizes = this.#sizes.get(key) ?? [];
    this.#sizes.set(key, [...(next ? sizes : sizes.slice(0, -1)), queue.size].slice(-keptSizes));
  }

  /** Per second; undefined before there is anything to compare with, and where a total fell. */
  rate(name: "processed" | "failed"): number | undefined {
    const [first, last] = [this.#totals[0], this.#totals.at(-1)];
    const [before, now] = [first?.[name], last?.[name]];
    if (!first || !last || before === undefined || now === undefined || last.timeMs === first.timeMs) return undefined;
    return now < before ? undefined : ((now - before) * 1_000) / (last.timeMs - first.timeMs);
  }

  /** How a queue's size went, each line by its own largest. */
  line(queue: QueueReading): string {
    const sizes = this.#sizes.get(keyOf(queue)) ?? [];
    const largest = Math.max(leastPeak, ...sizes);
    return sizes.map((size) => bars[Math.ceil((size / largest) * (bars.length - 1))] ?? bars[0]).join("");
  }
}

function keyOf({ target, queue }: QueueReading): string {
  return `${target}\0${queue}`;
}

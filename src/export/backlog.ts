/** Something that waits to be sent. */
export interface Waiting {
  /** Points and bytes that it still holds; they shrink while it is being sent. */
  readonly points: number;
  readonly bytes: number;
  /** Since when, on the agent's clock. */
  readonly sinceMs: number;
  /** It may have arrived already, or is on its way: it is not to be dropped. */
  readonly pinned: boolean;
  /** Told when it is dropped. */
  drop(): void;
}

/** Bounds of what may wait. */
export interface BacklogLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What waits, in order; bounded in bytes and age, the oldest gives way. */
export class Backlog<T extends Waiting> {
  readonly #limits: BacklogLimits;
  /** Replaced rather than changed, so that dropping may go on while it is walked through. */
  #items: readonly T[] = [];

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  get head(): T | undefined {
    return this.#items[0];
  }
  get points(): number {
    return this.#items.reduce((sum, { points }) => sum + points, 0);
  }
  get bytes(): number {
    return this.#items.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  push(item: T): void {
    this.#items = [...this.#items, item];
  }

  remove(item: T): void {
    this.#items = this.#items.filter((other) => other !== item);
  }

  /** Drops what is too old or too much, the oldest first, and gives how many points that were. */
  trim(nowMs: number): number {
    let bytes = this.bytes;
    let points = 0;
    for (const item of this.#items) {
      const tooOld = nowMs - item.sinceMs > this.#limits.maxAgeMs;
      if (item.pinned || (!tooOld && bytes <= this.#limits.maxBytes)) continue;
      bytes -= item.bytes;
      points += this.#drop(item);
    }
    return points;
  }

  /** Drops everything. */
  clear(): number {
    return this.#items.reduce((sum, item) => sum + this.#drop(item), 0);
  }

  #drop(item: T): number {
    const { points } = item;
    this.remove(item);
    item.drop();
    return points;
  }
}

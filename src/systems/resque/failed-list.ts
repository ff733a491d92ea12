import { readFailure, type FailureEntry } from "./failure-entry.ts";

/** What to read of the list next: elements by index, as LRANGE has them. */
export interface Page {
  readonly start: number;
  readonly stop: number;
}

/** What one failed list gained: entries that were read, and how many more there were. */
export interface NewFailures {
  readonly entries: readonly FailureEntry[];
  readonly unread: number;
}

const none: NewFailures = { entries: [], unread: 0 };

/**
 * Follows one failed list, newest entry last, which grows without a limit and from which people take entries. What is new
 * is what stands behind the entry that was the last one before; where that is gone, behind the last one that is known.
 * Where neither is found nothing is counted: better none than a false one.
 */
export class FailedList {
  #size: number | undefined;
  /** The newest entries, oldest first: the whole list, or its end. */
  #known: (FailureEntry | undefined)[] = [];
  readonly #maxKnown: number;
  #version = 0;

  /** `wasEmpty`: it is known that there was no such list at the read before. */
  constructor(maxKnown: number, wasEmpty: boolean) {
    this.#maxKnown = maxKnown;
    if (wasEmpty) this.#size = 0;
  }

  /** Changes whenever the list, or what is known of it, does. */
  get version(): number {
    return this.#version;
  }
  get size(): number {
    return this.#size ?? 0;
  }
  get known(): readonly FailureEntry[] {
    return this.#known.filter((entry) => entry !== undefined);
  }

  /** The page that shows whether the list has only grown: the last entry of before, and what follows. */
  nextPage(limit: number): Page | undefined {
    if (this.#size === undefined) return undefined;
    const start = Math.max(0, this.#size - 1);
    return { start, stop: start + limit };
  }

  /** The newest entries, enough to find known ones among them. */
  lastPage(size: number, limit: number): Page {
    return { start: Math.max(0, size - limit), stop: size - 1 };
  }

  /** Takes the page of `nextPage`; false when it does not follow on what was known: then `resume` must be called. */
  advance(size: number, page: readonly string[]): NewFailures | false {
    if (this.#size === undefined) return false;
    const entries = page.map(readFailure);
    const last = this.#known.at(-1);
    const from = this.#size === 0 ? 0 : 1;
    const follows = this.#size === 0 || (last !== undefined && entries[0]?.identity === last.identity);
    if (!follows || size < this.#size) return false;
    return this.#append(entries.slice(from), size, size - this.#size);
  }

  /** Takes the newest entries (`lastPage`) after the list was changed otherwise than by adding, or at first. */
  resume(size: number, page: readonly string[]): NewFailures {
    const entries = page.map(readFailure);
    const before = this.#known;
    this.#version++;
    const first = this.#size === undefined;
    const wasWhole = before.length === this.#size;
    const identities = new Set(before.map((entry) => entry?.identity));
    const last = entries.findLastIndex((entry) => entry !== undefined && identities.has(entry.identity));
    this.#known = entries.slice(-this.#maxKnown);
    this.#size = size;
    if (first) return none;
    // When all that was there is known, and none of it is left in the whole list, everything in it is new.
    const allNew = last < 0 && wasWhole && entries.length === size;
    return last >= 0 || allNew ? { entries: readable(entries.slice(last + 1)), unread: 0 } : none;
  }

  #append(entries: readonly (FailureEntry | undefined)[], size: number, added: number): NewFailures {
    if (added === 0) return none;
    this.#version++;
    const all = entries.length >= added;
    // With a gap behind it, what was known does not reach the end of the list any more.
    this.#known = (all ? [...this.#known, ...entries] : [...entries]).slice(-this.#maxKnown);
    this.#size = size;
    return { entries: readable(entries), unread: Math.max(0, added - entries.length) };
  }

  /** The page before the oldest known entry; undefined when enough is known. */
  olderPage(limit: number): Page | undefined {
    const missing = Math.min(this.size, this.#maxKnown) - this.#known.length;
    const stop = this.size - this.#known.length - 1;
    if (missing <= 0 || stop < 0) return undefined;
    return { start: Math.max(0, stop - Math.min(limit, missing) + 1), stop };
  }

  prepend(page: readonly string[]): void {
    this.#version++;
    this.#known = [...page.map(readFailure), ...this.#known].slice(-this.#maxKnown);
  }
}

function readable(entries: readonly (FailureEntry | undefined)[]): FailureEntry[] {
  return entries.filter((entry) => entry !== undefined);
}

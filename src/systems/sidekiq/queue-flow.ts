/** The newest element of a queue (index 0) at some read, and how many there were. */
interface Mark {
  readonly text: string | undefined;
  readonly size: number;
}

/** What a read saw of a queue whose jobs may have moved. */
export interface Movement {
  readonly size: number;
  /** The newest element, where it may be kept. */
  readonly newest: string | undefined;
  /** Where the former newest element stands now; undefined where it was not found. */
  readonly found: number | undefined;
  /** How many elements were walked to find it. */
  readonly walked: number;
}

/** Longer elements are not kept to be found again. */
const maxMark = 4_096;

/**
 * Counts what was added to a queue and taken from it. New jobs are pushed at index 0: what stands before the former
 * newest job was added since. A lower bound: jobs that come and go between two reads of a queue that runs dry are not seen.
 */
export class QueueFlow {
  #mark: Mark | undefined;
  #enqueued = 0;
  #dequeued = 0;

  /** `empty`: the queue is known to have held nothing at the read before. */
  constructor(empty: boolean) {
    if (empty) this.#mark = { text: undefined, size: 0 };
  }

  get mark(): string | undefined {
    return this.#mark?.text;
  }

  /** Whether nothing moved, as far as size and oldest job tell. */
  stands(size: number, sameHead: boolean): boolean {
    return this.#mark?.size === size && (size === 0 || (sameHead && this.#mark.text !== undefined));
  }

  update({ size, newest, found, walked }: Movement): void {
    const before = this.#mark;
    this.#mark = { text: newest !== undefined && newest.length <= maxMark ? newest : undefined, size };
    if (!before) return;
    const grown = size - before.size;
    const added = addedSince(before, { size, found, walked });
    const enqueued = Math.max(0, grown, added ?? 0);
    this.#enqueued += enqueued;
    this.#dequeued += Math.max(0, enqueued - grown);
  }

  take(): { readonly enqueuedSince: number; readonly dequeuedSince: number } {
    const taken = { enqueuedSince: this.#enqueued, dequeuedSince: this.#dequeued };
    this.#enqueued = 0;
    this.#dequeued = 0;
    return taken;
  }
}

function addedSince(before: Mark, { size, found, walked }: Omit<Movement, "newest">): number | undefined {
  if (before.size === 0) return size;
  if (before.text === undefined) return undefined;
  if (found !== undefined) return found;
  // All were walked and it is not there: every job that was there is gone.
  return walked >= size ? size : undefined;
}

/** A moment and how many elements had been pushed by then: those numbered below `pushed`. */
export interface Mark {
  readonly atMs: number;
  readonly pushed: number;
}

/** What can be said of an element's age, in seconds: `uncertainty` to either side covers the hard bounds. */
export interface AgeEstimate {
  readonly latency: number;
  readonly uncertainty: number;
}

/** More marks than this are thinned out: dense where they are young, spaced in proportion to age where they are old. */
const maxMarks = 48;

/** Between which two moments elements of a queue were pushed, by their numbers. */
export class Marks {
  #marks: Mark[];

  constructor(marks: readonly Mark[] = []) {
    this.#marks = [...marks];
  }

  get all(): readonly Mark[] {
    return this.#marks;
  }

  add(mark: Mark): void {
    const last = this.#marks.at(-1);
    if (last && last.pushed === mark.pushed && this.#marks.length > 1 && this.#marks.at(-2)?.pushed === mark.pushed)
      this.#marks.pop();
    this.#marks.push(mark);
    if (this.#marks.length > maxMarks) this.#thin(mark.atMs);
  }

  /** Forgets what only says when elements before `head` were pushed. */
  dropBefore(head: number): void {
    while ((this.#marks[1]?.pushed ?? Infinity) <= head) this.#marks.shift();
  }

  /** After elements were removed from the end: there were no more than `pushed`. */
  clip(pushed: number): void {
    this.#marks = this.#marks.map((mark) => (mark.pushed > pushed ? { ...mark, pushed } : mark));
  }

  /** When the element numbered `head` was pushed at the earliest; undefined when it was there before the first mark. */
  notBefore(head: number): number | undefined {
    return this.#marks.findLast((mark) => mark.pushed <= head)?.atMs;
  }

  /** The age of element `head`: between two marks it is taken to have been pushed at an even rate. */
  age(head: number, nowMs: number): AgeEstimate | undefined {
    const after = this.#marks.findLast((mark) => mark.pushed <= head);
    const before = this.#marks.find((mark) => mark.pushed > head);
    if (!after || !before) return undefined;
    const share = (head - after.pushed + 0.5) / (before.pushed - after.pushed);
    const pushedMs = after.atMs + share * (before.atMs - after.atMs);
    const widest = Math.max(pushedMs - after.atMs, before.atMs - pushedMs);
    return { latency: Math.max(0, nowMs - pushedMs) / 1_000, uncertainty: widest / 1_000 };
  }

  /** Takes out the mark whose loss widens bounds least, in proportion to age. */
  #thin(nowMs: number): void {
    let least = Infinity;
    let at = 1;
    for (let index = 1; index < this.#marks.length - 1; index++) {
      const [before, after] = [this.#marks[index - 1], this.#marks[index + 1]];
      if (!before || !after) continue;
      const cost = (after.atMs - before.atMs) / (nowMs - before.atMs + 1);
      if (cost < least) [least, at] = [cost, index];
    }
    this.#marks.splice(at, 1);
  }
}

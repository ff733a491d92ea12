/** A member of a sorted set with its score. */
export type ScoredMember = readonly [member: string, score: number];

/** Members in the order of their scores, equal scores in the order of their bytes: a Redis sorted set. */
export class SortedSet {
  #scores = new Map<string, number>();
  #order: ScoredMember[] = [];

  get size(): number {
    return this.#order.length;
  }

  scoreOf(member: string): number | undefined {
    return this.#scores.get(member);
  }

  /** Adds a member, or moves it to another score. */
  add(member: string, score: number): void {
    this.delete(member);
    this.#scores.set(member, score);
    const entry = [member, score] as const;
    this.#order.splice(
      this.#firstWhere((other) => compare(other, entry) >= 0),
      0,
      entry,
    );
  }

  delete(member: string): boolean {
    const score = this.#scores.get(member);
    if (score === undefined) return false;
    this.#scores.delete(member);
    const index = this.#firstWhere((other) => compare(other, [member, score]) >= 0);
    this.#order.splice(index, 1);
    return true;
  }

  /** Members from one index up to and without another. */
  slice(start: number, end: number): readonly ScoredMember[] {
    return this.#order.slice(Math.max(0, start), Math.max(0, end));
  }

  /** Index of the first member whose score passes the test; scores that pass come after all that do not. */
  firstIndex(passes: (score: number) => boolean): number {
    return this.#firstWhere(([, score]) => passes(score));
  }

  #firstWhere(passes: (entry: ScoredMember) => boolean): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#order[middle];
      if (entry !== undefined && passes(entry)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function compare(a: ScoredMember, b: ScoredMember): number {
  if (a[1] !== b[1]) return a[1] - b[1];
  return a[0] === b[0] ? 0 : Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]));
}

/**
 * Numbers that look like chance and are the same for the same seed. Each part of the world forks a source of its own, so
 * that a change in one part does not reshuffle the others.
 */
export class Random {
  readonly #seed: string;
  #state: number;

  constructor(seed: string) {
    this.#seed = seed;
    this.#state = hash(seed);
  }

  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** From 0 up to and without 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number from 0 up to and without `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Time between two events that come at random. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Durations: half of them below the median, and a long tail. `spread` is the standard deviation of the logarithm. */
  logNormal(median: number, spread: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(spread * normal);
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** One of the choices, in proportion to their weights; undefined where there is none. */
  weighted<T>(choices: readonly T[], weight: (choice: T) => number): T | undefined {
    let left = this.next() * choices.reduce((sum, choice) => sum + weight(choice), 0);
    return choices.find((choice) => (left -= weight(choice)) < 0) ?? choices.at(-1);
  }

  /** Digits of a number system up to 36. */
  digits(count: number, base: number): string {
    return Array.from({ length: count }, () => this.below(base).toString(base)).join("");
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value;
}

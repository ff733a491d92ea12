const firstMs = 1_000;
const maxMs = 30_000;
const factor = 1.7;

/** Waits longer after each failure in a row, up to half a minute, with jitter so that many agents do not come back at once. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait now. What the receiver asks for (`atLeastMs`) is kept, but never less than a second. */
  next(atLeastMs = 0): number {
    const base = Math.min(firstMs * factor ** this.#failures++, maxMs);
    return Math.max(base * (0.8 + 0.4 * this.#random()), atLeastMs);
  }

  succeeded(): void {
    this.#failures = 0;
  }
}

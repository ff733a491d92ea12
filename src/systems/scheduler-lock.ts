/** A scheduler's lock lives this long without being renewed: one that was killed, or left, is down after it. */
const downAfterMs = 180_000;

/** Says whether a scheduler runs, from the lock that it holds; of no interest where none is to be expected. */
export class SchedulerLock {
  #seenMs: number | undefined;
  #absentSinceMs: number | undefined;

  /** `expected`: there are delayed jobs or schedules; `lag`: seconds that the oldest delayed job is overdue. */
  update(
    held: boolean,
    { expected, lag, nowMs }: { readonly expected: boolean; readonly lag: number; readonly nowMs: number },
  ): boolean | undefined {
    if (held) {
      this.#seenMs = nowMs;
      this.#absentSinceMs = undefined;
      return true;
    }
    this.#absentSinceMs ??= nowMs;
    if (!expected && this.#seenMs === undefined) return undefined;
    // Without a lock, and with jobs that should have been moved longer ago than a lock lives, there is no scheduler.
    if (Math.max(nowMs - this.#absentSinceMs, lag * 1_000) >= downAfterMs) return false;
    return this.#seenMs === undefined ? undefined : true;
  }

  save(): unknown {
    return { seenMs: this.#seenMs };
  }

  restore(state: unknown): void {
    if (state === null || typeof state !== "object" || !("seenMs" in state)) return;
    if (typeof state.seenMs === "number") this.#seenMs = state.seenMs;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../self/clock.ts";

export interface LoopOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A number in [0, 1): where in the interval this loop ticks. */
  readonly phase: number;
  /** Called when a tick took longer than the interval, with its duration; the ticks it missed are left out. */
  readonly onOverrun: (durationMs: number) => void;
  /** Called with what a tick threw; the loop goes on, as after any tick that failed. */
  readonly onFailure: (thrown: unknown) => void;
  /** Waits; false when the signal aborted meanwhile. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<boolean>;
}

/**
 * One turn of a loop; gives whether it succeeded. `isDue` says whether the interval's own turn has
 * come: it has not while a failed turn is tried again before that.
 */
export type Tick = (isDue: () => boolean) => Promise<boolean>;

/** A failed tick is tried again after this long, where the interval is longer: what comes back is soon seen. */
const retryMs = 3_000;

/**
 * Runs a tick at once and then once each interval, never two at a time, until the signal aborts. After the first tick the
 * loop moves to a phase of its own, so that the loops of many targets (and of many agents) do not all tick at one moment.
 * Never rejects.
 */
export async function loop(tick: Tick, options: LoopOptions): Promise<void> {
  const { intervalMs, clock, signal, phase, wait = waited } = options;
  let next = clock.monotonic() + intervalMs * (0.5 + phase / 2);
  let due = next - intervalMs;
  let early = false;
  const failed = (thrown: unknown): boolean => (options.onFailure(thrown), false);
  const isDue = (): boolean => !early || clock.monotonic() >= due;
  while (!signal.aborted) {
    const started = clock.monotonic();
    const done = await tick(isDue).catch(failed);
    const ended = clock.monotonic();
    if (ended - started > intervalMs) options.onOverrun(ended - started);
    if (isDue()) {
      due = ended > next ? next + Math.ceil((ended - next) / intervalMs) * intervalMs : next;
      next = due + intervalMs;
    }
    early = !done && due - ended > retryMs;
    if (!(await wait(early ? retryMs : due - ended, signal))) return;
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

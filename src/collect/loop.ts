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
  /** Waits; false when the signal aborted meanwhile. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<boolean>;
}

/**
 * Runs a tick at once and then once each interval, never two at a time, until the signal aborts. After the first tick the
 * loop moves to a phase of its own, so that the loops of many targets (and of many agents) do not all tick at one moment.
 * `tick` must not reject.
 */
export async function loop(tick: () => Promise<void>, options: LoopOptions): Promise<void> {
  const { intervalMs, clock, signal, phase, wait = waited } = options;
  let due = clock.monotonic() + intervalMs * (0.5 + phase / 2);
  while (!signal.aborted) {
    const started = clock.monotonic();
    await tick();
    const ended = clock.monotonic();
    if (ended - started > intervalMs) options.onOverrun(ended - started);
    if (ended > due) due += Math.ceil((ended - due) / intervalMs) * intervalMs;
    if (!(await wait(due - ended, signal))) return;
    due += intervalMs;
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

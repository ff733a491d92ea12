import { performance } from "node:perf_hooks";

/** Where time enters. Tests bring their own. */
export interface Clock {
  /** Time of the points, in ms since the epoch: never goes backwards, whatever happens to the wall clock. */
  now(): number;
  /** Time that only ever runs, in ms from an arbitrary start: for intervals and durations. */
  monotonic(): number;
}

export function systemClock(): Clock {
  let last = 0;
  return {
    now: () => (last = Math.max(Date.now(), last + 1)),
    monotonic: () => performance.now(),
  };
}

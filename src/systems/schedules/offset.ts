import type { Timetable } from "./timetable.ts";

const minuteMs = 60_000;
/** A scheduler is this late at most when it runs something (sidekiq-cron looks every 30 s or so). */
const lateMs = 2 * minuteMs;
const earlyMs = minuteMs / 2;

/**
 * Which clock a scheduler without a stated time zone goes by: the offset from UTC, in minutes, at which its last run
 * was due. The one nearest to UTC when several fit (an expression that runs every hour fits all of them); undefined
 * when none does: the run was started by hand, or the expression has changed since.
 */
export function learnOffset(timetable: Timetable, lastRunMs: number): number | undefined {
  return candidates.find((minutes) => {
    const local = lastRunMs + minutes * minuteMs;
    const due = timetable.next(local - lateMs);
    return due !== undefined && due <= local + earlyMs;
  });
}

/** Every quarter of an hour from UTC-12 to UTC+14, nearest to UTC first. */
const candidates = Array.from({ length: (12 + 14) * 4 + 1 }, (_, index) => (index - 48) * 15).toSorted(
  (a, b) => Math.abs(a) - Math.abs(b),
);

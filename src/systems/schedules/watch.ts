import type { ScheduleState } from "../system.ts";
import { Cadence } from "./cadence.ts";
import { learnOffset } from "./offset.ts";
import type { Timetable } from "./timetable.ts";

/** What a scheduler's keys say of one schedule. */
export interface ObservedSchedule {
  readonly schedule: string;
  /** When it last ran, in ms; undefined where it never did, or nobody tells. */
  readonly lastRunMs: number | undefined;
  /** When it is to run next, where the scheduler itself tells; in ms. */
  readonly nextRunMs: number | undefined;
  readonly timetable: Timetable | undefined;
}

interface Memory {
  readonly firstSeenMs: number;
  readonly cadence: Cadence;
  offset: { readonly atRunMs: number; readonly minutes: number | undefined } | undefined;
}

/** More schedules than this are not watched: their names come from Redis. */
const maxSchedules = 1_000;
/** A run this much before its time counts as that run: clocks of schedulers differ. */
const earlyMs = 30_000;
/** A learned offset may change by an hour twice a year: up to that, a run is not called late. */
const daylightSavingMs = 3_600_000;
/** A run by cadence is called late after a tenth of the period, and no less than this. */
const cadenceGraceMs = 60_000;

/**
 * Says how late schedules are. Three ways, the best that is possible: by the next run that the scheduler promised,
 * by the expression and the last run, or by the cadence of the last runs. Remembers what the last two need.
 */
export class ScheduleWatch {
  readonly #memories = new Map<string, Memory>();

  /** Lateness of each schedule of which something can be said; forgets those that are not observed any more. */
  update(observed: readonly ObservedSchedule[], nowMs: number): ScheduleState[] {
    const watched = observed.slice(0, maxSchedules);
    const names = new Set(watched.map(({ schedule }) => schedule));
    for (const name of this.#memories.keys()) if (!names.has(name)) this.#memories.delete(name);
    return watched.flatMap((one) => stateOf(one, this.#memory(one.schedule, nowMs), nowMs));
  }

  #memory(schedule: string, nowMs: number): Memory {
    const known = this.#memories.get(schedule);
    if (known) return known;
    const memory: Memory = { firstSeenMs: nowMs, cadence: new Cadence(), offset: undefined };
    this.#memories.set(schedule, memory);
    return memory;
  }

  save(): unknown {
    return [...this.#memories].map(([schedule, { firstSeenMs, cadence }]) => ({
      schedule,
      firstSeenMs,
      runs: cadence.runs,
    }));
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, maxSchedules)) {
      const saved = savedMemory(entry);
      if (!saved) continue;
      const cadence = new Cadence();
      for (const run of saved.runs) cadence.saw(run);
      this.#memories.set(saved.schedule, { firstSeenMs: saved.firstSeenMs, cadence, offset: undefined });
    }
  }
}

function stateOf(one: ObservedSchedule, memory: Memory, nowMs: number): ScheduleState[] {
  if (one.lastRunMs !== undefined) memory.cadence.saw(one.lastRunMs);
  const { schedule } = one;
  if (one.nextRunMs !== undefined) return [{ schedule, overdue: seconds(nowMs - one.nextRunMs), basis: "next run" }];
  if (one.timetable) {
    const late = lateByTimetable(one.timetable, one.lastRunMs, memory, nowMs);
    return late === undefined ? [] : [{ schedule, overdue: seconds(late), basis: "expression" }];
  }
  const period = memory.cadence.periodMs;
  if (period === undefined || one.lastRunMs === undefined) return [];
  const late = nowMs - one.lastRunMs - period;
  const grace = Math.max(cadenceGraceMs, period / 10);
  return [{ schedule, overdue: late > grace ? seconds(late) : 0, basis: "cadence" }];
}

function lateByTimetable(
  timetable: Timetable,
  lastRunMs: number | undefined,
  memory: Memory,
  nowMs: number,
): number | undefined {
  if (lastRunMs === undefined) {
    // Without a zone nobody knows which moment of the day the first run is due at.
    if (!timetable.zoned) return undefined;
    return lateness(timetable.next(memory.firstSeenMs), nowMs);
  }
  if (timetable.zoned) return lateness(dueAfter(timetable, lastRunMs, 0), nowMs);
  if (memory.offset?.atRunMs !== lastRunMs)
    memory.offset = { atRunMs: lastRunMs, minutes: learnOffset(timetable, lastRunMs) };
  const { minutes } = memory.offset;
  if (minutes === undefined) return undefined;
  const late = lateness(dueAfter(timetable, lastRunMs, minutes * 60_000), nowMs);
  return minutes !== 0 && late <= daylightSavingMs ? 0 : late;
}

/** The first due time that the last run does not account for, with the timetable's clock `offsetMs` ahead of UTC. */
function dueAfter(timetable: Timetable, lastRunMs: number, offsetMs: number): number | undefined {
  const first = timetable.next(lastRunMs + offsetMs);
  if (first === undefined) return undefined;
  const second = timetable.next(first);
  const ranEarly = first - offsetMs - lastRunMs <= earlyMs && second !== undefined && second - first > 2 * earlyMs;
  return (ranEarly ? second : first) - offsetMs;
}

/** Ms; 0 when nothing is due. */
function lateness(dueMs: number | undefined, nowMs: number): number {
  return dueMs === undefined ? 0 : Math.max(0, nowMs - dueMs);
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000;
}

function savedMemory(entry: unknown): { schedule: string; firstSeenMs: number; runs: number[] } | undefined {
  if (entry === null || typeof entry !== "object") return undefined;
  if (!("schedule" in entry) || !("firstSeenMs" in entry) || !("runs" in entry)) return undefined;
  const { schedule, firstSeenMs, runs } = entry;
  if (typeof schedule !== "string" || typeof firstSeenMs !== "number" || !Array.isArray(runs)) return undefined;
  return { schedule, firstSeenMs, runs: runs.filter((run) => typeof run === "number") };
}

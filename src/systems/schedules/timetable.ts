import { Cron } from "croner";
import { parseInterval } from "./interval.ts";

/** When the runs of a schedule are due. */
export interface Timetable {
  /** The first due time after `afterMs`, in ms; undefined when there is none any more, or none known. */
  next(afterMs: number): number | undefined;
  /** False where the expression names no time zone: the scheduler's own one counts, which Redis does not tell. */
  readonly zoned: boolean;
}

/** Longer expressions are not looked at: nobody writes them, and they come from whoever may write to Redis. */
const maxLength = 200;

/**
 * Reads a cron expression as fugit does (sidekiq-cron, rufus-scheduler): five or six fields (seconds first), `@daily`
 * and its like, `L`, `mon#2`, ranges that wrap (`22-4`), a time zone after the fields; also `every 5m`, `every hour`.
 * Undefined for what is none, or what only fugit knows (`every monday at noon`, `mon%2`).
 */
export function parseTimetable(expression: string, timezone?: string): Timetable | undefined {
  if (expression.length > maxLength) return undefined;
  const { fields, zone } = splitZone(expression.trim(), timezone);
  const every = /^every\s+(.+)$/i.exec(fields);
  if (every) return everyTimetable(every[1] ?? "", zone);
  return cronTimetable(fields, zone);
}

/** A timetable of runs `seconds` apart, counted from the run before (rufus `every`). */
export function intervalTimetable(seconds: number): Timetable {
  return { next: (afterMs) => afterMs + seconds * 1_000, zoned: true };
}

function splitZone(text: string, timezone: string | undefined): { fields: string; zone: string | undefined } {
  const [, fields, zone] = /^(.+?)\s+([A-Z][A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){0,2}|Z)$/.exec(text) ?? [];
  if (fields === undefined || zone === undefined || !isZone(zone)) return { fields: text, zone: timezone };
  return { fields, zone: zone === "Z" ? "UTC" : zone };
}

function isZone(name: string): boolean {
  if (name === "Z") return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Fugit turns a plain `every 5m` into the cron expression that fires at full multiples, where there is one. */
function everyTimetable(text: string, zone: string | undefined): Timetable | undefined {
  const seconds = parseInterval(/^\d/.test(text) ? text : `1 ${text}`);
  if (seconds === undefined) return undefined;
  const fields = multipleOf(seconds);
  return fields === undefined ? undefined : cronTimetable(fields, zone);
}

function multipleOf(seconds: number): string | undefined {
  if (seconds < 60) return 60 % seconds === 0 ? `*/${seconds} * * * * *` : undefined;
  if (seconds % 60 === 0 && 3_600 % seconds === 0) return `*/${seconds / 60} * * * *`.replace("*/60", "0");
  if (seconds % 3_600 === 0 && 86_400 % seconds === 0) return `0 */${seconds / 3_600} * * *`.replace("*/24", "0");
  return undefined;
}

function cronTimetable(fields: string, zone: string | undefined): Timetable | undefined {
  try {
    const cron = new Cron(unwrapRanges(fields), { timezone: zone ?? "UTC", paused: true });
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(), zoned: zone !== undefined };
  } catch {
    return undefined;
  }
}

/** Limits of the fields, the last five of them: croner knows no ranges that wrap. */
const fieldLimits = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;

function unwrapRanges(expression: string): string {
  const fields = expression.split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return expression;
  return fields
    .map((field, index) => {
      const [low, high] = fieldLimits[index + 6 - fields.length] ?? [0, 0];
      return field.replaceAll(/(\d+)-(\d+)(?![\d/])/g, (range, from: string, to: string) =>
        Number(from) <= Number(to) ? range : `${from}-${high},${low}-${to}`,
      );
    })
    .join(" ");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInterval } from "../../../src/systems/schedules/interval.ts";
import { intervalTimetable, parseTimetable } from "../../../src/systems/schedules/timetable.ts";

const from = Date.parse("2026-11-22T03:43:20Z");
const next = (expression: string, timezone?: string) => {
  const due = parseTimetable(expression, timezone)?.next(from);
  return due === undefined ? undefined : new Date(due).toISOString();
};

// Each as fugit 1.11 has it.
const expressions: readonly (readonly [expression: string, next: string])[] = [
  ["0 3 * * *", "2026-11-23T03:00:00.000Z"],
  ["*/5 * * * *", "2026-11-22T03:45:00.000Z"],
  ["30 * * * * *", "2026-11-22T03:43:30.000Z"],
  ["0 3 * * * America/New_York", "2026-11-22T08:00:00.000Z"],
  ["5 * * * * America/New_York", "2026-11-22T04:05:00.000Z"],
  ["30 9 * * * Asia/Kolkata", "2026-11-22T04:00:00.000Z"],
  ["0 6 * * * Z", "2026-11-22T06:00:00.000Z"],
  ["0 9 * * mon-fri", "2026-11-23T09:00:00.000Z"],
  ["0 9 * * 7", "2026-11-22T09:00:00.000Z"],
  ["0 9 * * mon#2", "2026-12-14T09:00:00.000Z"],
  ["0 0 L * *", "2026-11-30T00:00:00.000Z"],
  ["0 22-4 * * *", "2026-11-22T04:00:00.000Z"],
  ["0 0 1 * mon", "2026-11-23T00:00:00.000Z"],
  ["0 0 29 2 *", "2028-02-29T00:00:00.000Z"],
  ["@daily", "2026-11-23T00:00:00.000Z"],
  ["@hourly", "2026-11-22T04:00:00.000Z"],
  ["every 5m", "2026-11-22T03:45:00.000Z"],
  ["every 15 minutes", "2026-11-22T03:45:00.000Z"],
  ["every hour", "2026-11-22T04:00:00.000Z"],
  ["every minute", "2026-11-22T03:44:00.000Z"],
  ["every day", "2026-11-23T00:00:00.000Z"],
  ["every 10s", "2026-11-22T03:43:30.000Z"],
];
for (const [expression, due] of expressions)
  test(`${expression} is next due at ${due}`, () => assert.equal(next(expression), due));

test("a zone from the config counts where the expression names none", () => {
  assert.equal(next("0 3 * * *", "Europe/Berlin"), "2026-11-23T02:00:00.000Z");
  assert.equal(next("0 3 * * * UTC", "Europe/Berlin"), "2026-11-23T03:00:00.000Z");
  assert.deepEqual(
    ["0 3 * * *", "0 3 * * * Europe/Berlin", "@daily"].map((expression) => parseTimetable(expression)?.zoned),
    [false, true, false],
  );
});

test("clocks that change: a time that does not exist is made up for, one that comes twice counts once", () => {
  const due = (expression: string, after: string) =>
    new Date(parseTimetable(expression)?.next(Date.parse(after)) ?? 0).toISOString();
  assert.equal(due("30 2 * * * America/New_York", "2026-03-08T12:00:00Z"), "2026-03-09T06:30:00.000Z");
  assert.equal(due("30 1 * * * America/New_York", "2026-10-31T12:00:00Z"), "2026-11-01T05:30:00.000Z");
  assert.equal(due("30 1 * * * America/New_York", "2026-11-01T05:30:00Z"), "2026-11-02T06:30:00.000Z");
});

const unreadable = [
  "",
  "nonsense",
  "* * *",
  "61 * * * *",
  "0 9 * * mon%2",
  "every monday at noon",
  "every 7m",
  "*".repeat(5_000),
];
for (const expression of unreadable)
  test(`nothing is said of ${JSON.stringify(expression.slice(0, 30))}`, () =>
    assert.equal(parseTimetable(expression), undefined));

test("a day that never comes is never due", () => assert.equal(next("0 0 30 2 *"), undefined));

const intervals: readonly (readonly [value: unknown, seconds: number | undefined])[] = [
  ["60s", 60],
  ["1h30m", 5_400],
  ["15 minutes", 900],
  ["2 days", 172_800],
  ["1w", 604_800],
  ["1M", 2_592_000],
  ["PT5M", 300],
  ["P1DT2H", 93_600],
  [45, 45],
  ["90", 90],
  ["0s", undefined],
  [-5, undefined],
  ["soon", undefined],
  ["5 parsecs", undefined],
  [null, undefined],
  [{ s: 5 }, undefined],
];
for (const [value, seconds] of intervals)
  test(`an interval of ${JSON.stringify(value)} is ${seconds} s`, () => assert.equal(parseInterval(value), seconds));

test("an interval counts from the run before", () => assert.equal(intervalTimetable(90).next(from), from + 90_000));

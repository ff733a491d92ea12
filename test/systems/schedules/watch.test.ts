import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTimetable } from "../../../src/systems/schedules/timetable.ts";
import { ScheduleWatch, type ObservedSchedule } from "../../../src/systems/schedules/watch.ts";

const at = (text: string) => Date.parse(text);
const observed = (parts: Partial<ObservedSchedule> & { readonly cron?: string }): ObservedSchedule => ({
  schedule: "nightly",
  lastRunMs: undefined,
  nextRunMs: undefined,
  timetable: parts.cron === undefined ? undefined : parseTimetable(parts.cron),
  ...parts,
});
const overdue = (watch: ScheduleWatch, schedule: ObservedSchedule, now: string) =>
  watch.update([schedule], at(now))[0]?.overdue;

test("late since the first run that was missed, until it runs again", () => {
  const watch = new ScheduleWatch();
  const nightly = observed({ cron: "0 3 * * * UTC", lastRunMs: at("2026-11-20T03:00:04Z") });
  assert.equal(overdue(watch, nightly, "2026-11-21T02:59:59Z"), 0);
  assert.equal(overdue(watch, nightly, "2026-11-21T03:00:30Z"), 30);
  assert.equal(overdue(watch, nightly, "2026-11-22T03:00:30Z"), 86_430);
  const ran = { ...nightly, lastRunMs: at("2026-11-22T03:00:31Z") };
  assert.equal(overdue(watch, ran, "2026-11-22T03:00:45Z"), 0);
});

test("a run a little before its time, by a clock that is behind, is that run", () => {
  const early = observed({ cron: "0 3 * * * UTC", lastRunMs: at("2026-11-22T02:59:58Z") });
  assert.equal(overdue(new ScheduleWatch(), early, "2026-11-22T05:00:00Z"), 0);
  assert.equal(overdue(new ScheduleWatch(), early, "2026-11-23T03:00:10Z"), 10);
});

test("a schedule that never ran is late from its first due time after it was seen", () => {
  const watch = new ScheduleWatch();
  const fresh = observed({ cron: "0 3 * * * UTC" });
  assert.equal(overdue(watch, fresh, "2026-11-22T04:00:00Z"), 0);
  assert.equal(overdue(watch, fresh, "2026-11-23T03:05:00Z"), 300);
});

test("without a zone the scheduler's own clock is learned from its last run", () => {
  const watch = new ScheduleWatch();
  // 03:00 in New York, in winter.
  const nightly = observed({ cron: "0 3 * * *", lastRunMs: at("2026-11-21T08:00:02Z") });
  assert.equal(overdue(watch, nightly, "2026-11-22T03:30:00Z"), 0, "it is not due at 03:00 UTC");
  assert.equal(overdue(watch, nightly, "2026-11-22T08:30:00Z"), 0, "clocks may have changed by an hour");
  assert.equal(overdue(watch, nightly, "2026-11-22T09:30:00Z"), 5_400);
  assert.equal(
    watch.update([observed({ cron: "0 3 * * *" })], at("2026-11-22T09:30:00Z")).length,
    0,
    "never ran: no zone, no word",
  );
});

test("in UTC an expression without a zone is late at once", () => {
  const hourly = observed({ cron: "0 * * * *", lastRunMs: at("2026-11-22T03:00:01Z") });
  assert.equal(overdue(new ScheduleWatch(), hourly, "2026-11-22T04:00:20Z"), 20);
});

test("a run by hand at any time says nothing false", () => {
  const nightly = observed({ cron: "0 3 * * *", lastRunMs: at("2026-11-21T17:23:45Z") });
  assert.equal(overdue(new ScheduleWatch(), nightly, "2026-11-22T12:00:00Z"), undefined);
});

test("the next run that the scheduler promised goes before everything else", () => {
  const promised = observed({ cron: "0 3 * * *", nextRunMs: at("2026-11-22T05:00:00Z") });
  assert.deepEqual(new ScheduleWatch().update([promised], at("2026-11-22T05:01:00Z")), [
    { schedule: "nightly", overdue: 60, basis: "next run" },
  ]);
});

test("a cadence is learned from five runs, called so, and late after a grace", () => {
  const watch = new ScheduleWatch();
  const start = at("2026-11-22T03:00:00Z");
  const run = (index: number) => observed({ lastRunMs: start + index * 600_000 + (index % 2) * 1_500 });
  for (let index = 0; index < 4; index++)
    assert.deepEqual(watch.update([run(index)], start + index * 600_000 + 5_000), []);
  const last = run(4);
  assert.deepEqual(watch.update([last], start + 4 * 600_000 + 5_000), [
    { schedule: "nightly", overdue: 0, basis: "cadence" },
  ]);
  const restored = new ScheduleWatch();
  restored.restore(JSON.parse(JSON.stringify(watch.save())));
  for (const one of [watch, restored]) {
    assert.equal(one.update([last], start + 5 * 600_000 + 50_000)[0]?.overdue, 0);
    assert.ok((one.update([last], start + 6 * 600_000)[0]?.overdue ?? 0) > 590);
  }
});

test("runs at uneven times are no cadence", () => {
  const watch = new ScheduleWatch();
  for (const minutes of [0, 10, 15, 45, 50, 120, 121])
    assert.deepEqual(watch.update([observed({ lastRunMs: minutes * 60_000 + 1 })], minutes * 60_000 + 5_000), []);
});

test("what is not observed any more is forgotten; a flood of names is bounded", () => {
  const watch = new ScheduleWatch();
  const many = Array.from({ length: 5_000 }, (_, index) => observed({ schedule: `s${index}`, nextRunMs: 1 }));
  assert.equal(watch.update(many, 5_000).length, 1_000);
  watch.update([], 6_000);
  assert.deepEqual(watch.save(), []);
});

test("state that is not understood is ignored", () => {
  for (const state of [null, 7, {}, [1, { schedule: 1 }, { schedule: "x", firstSeenMs: 1, runs: "no" }]]) {
    const watch = new ScheduleWatch();
    watch.restore(state);
    assert.deepEqual(watch.save(), []);
  }
});

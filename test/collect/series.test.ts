import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as jobqueue from "../../src/catalogue/jobqueue.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";
import type { Metric } from "../../src/catalogue/metric.ts";
import { Places } from "../../src/collect/places.ts";
import { Recorder } from "../../src/collect/record.ts";
import { type Advanced, SeriesTable } from "../../src/collect/series.ts";

const hour = 3_600_000;
const unlimited = { perMetric: 2_000, total: 10_000 };

function table(limits = unlimited, named: string[] = []): SeriesTable {
  return new SeriesTable({ system: "sidekiq", target: "shop" }, new Places(limits, new Set(named)));
}

function tick(series: SeriesTable, nowMs: number, record: (recorder: Recorder) => void): Advanced {
  const recorder = new Recorder();
  record(recorder);
  return series.advance(recorder.samples, nowMs);
}

/** The points of a metric as `own attributes → value`. */
function points(advanced: Advanced, metric: Metric): Record<string, unknown> {
  const family = advanced.families.find((candidate) => candidate.metric === metric);
  const own = (attributes: Readonly<Record<string, string>>) =>
    metric.attributes.map((name) => attributes[name]).join(" ");
  return Object.fromEntries((family?.points ?? []).map(({ attributes, value }) => [own(attributes), value]));
}

function endedOf(advanced: Advanced, metric: Metric): number {
  return advanced.families.find((candidate) => candidate.metric === metric)?.ended.length ?? 0;
}

test("a counter appears at 0 and gets its first count one tick later", () => {
  const series = table();
  const count = (ms: number, by: number) =>
    points(
      tick(series, ms, (record) => record.increment(jobqueue.classProcessed, by, { "job.class": "A" })),
      jobqueue.classProcessed,
    );
  assert.deepEqual(count(1, 5), { A: 0 });
  assert.deepEqual(count(2, 0), { A: 5 });
  assert.deepEqual(count(3, 2), { A: 7 });
});

test("a counter's start time is its first appearance, a total of Redis has none until it falls", () => {
  const series = table();
  const total = (ms: number, value: number) =>
    tick(series, ms, (record) => {
      record.total(jobqueue.jobProcessed, value, {});
      record.increment(jobqueue.workerLost, 0, {});
    });
  const start = (advanced: Advanced, metric: Metric) =>
    advanced.families.find((family) => family.metric === metric)?.points[0]?.startMs;
  const first = total(1_000, 500);
  assert.equal(start(first, jobqueue.jobProcessed), undefined);
  assert.equal(start(first, jobqueue.workerLost), 1_000);
  assert.equal(start(total(2_000, 700), jobqueue.jobProcessed), undefined);
  const reset = total(3_000, 3);
  assert.equal(start(reset, jobqueue.jobProcessed), 2_000, "reset between the last two looks");
  assert.deepEqual(points(reset, jobqueue.jobProcessed), { "": 3 });
  assert.equal(start(total(4_000, 9), jobqueue.workerLost), 1_000);
});

test("totals of several namespaces of a target are one total, and its fall is a reset only when the sum falls", () => {
  const series = table();
  const two = (ms: number, one: number, other: number) =>
    tick(series, ms, (record) => {
      record.total(jobqueue.jobProcessed, one, {});
      record.total(jobqueue.jobProcessed, other, {});
    });
  assert.deepEqual(points(two(1, 10, 5), jobqueue.jobProcessed), { "": 15 });
  const next = two(2, 11, 6);
  assert.deepEqual(points(next, jobqueue.jobProcessed), { "": 17 });
  assert.equal(next.families[0]?.points[0]?.startMs, undefined);
});

test("a queue that is gone is 0 once more, then ends, then is not heard of", () => {
  const series = table();
  const gone = (ms: number) => tick(series, ms, () => undefined);
  tick(series, 1, (record) => {
    record.state(jobqueue.queueSize, 7, { queue: "mail" });
    record.increment(jobqueue.queueEnqueued, 0, { queue: "mail" });
  });
  tick(series, 2, (record) => {
    record.state(jobqueue.queueSize, 7, { queue: "mail" });
    record.increment(jobqueue.queueEnqueued, 4, { queue: "mail" });
  });
  const last = gone(3);
  assert.deepEqual(points(last, jobqueue.queueSize), { mail: 0 });
  assert.deepEqual(points(last, jobqueue.queueEnqueued), { mail: 4 }, "a counter at 0 would look like a restart");
  const end = gone(4);
  assert.deepEqual(points(end, jobqueue.queueSize), {});
  assert.equal(endedOf(end, jobqueue.queueSize), 1);
  assert.equal(endedOf(end, jobqueue.queueEnqueued), 1);
  assert.deepEqual(gone(5).families, []);
});

test("a queue that comes back before its series ended goes on", () => {
  const series = table();
  const size = (ms: number) => tick(series, ms, (record) => record.state(jobqueue.queueSize, 7, { queue: "mail" }));
  size(1);
  tick(series, 2, () => undefined);
  assert.deepEqual(points(size(3), jobqueue.queueSize), { mail: 7 });
  assert.equal(endedOf(size(4), jobqueue.queueSize), 0);
});

test("what would be read as trouble at 0 ends without it", () => {
  const series = table();
  tick(series, 1, (record) => {
    record.state(targetUp, 1, {});
    record.state(jobqueue.queueLatencyLimit, 60, { queue: "mail", severity: "critical" });
  });
  const after = tick(series, 2, () => undefined);
  assert.deepEqual(points(after, targetUp), {});
  assert.deepEqual(points(after, jobqueue.queueLatencyLimit), {});
  assert.equal(endedOf(after, targetUp), 1);
});

test("a class's running jobs stay 0 for an hour; its counters last a day", () => {
  const series = table();
  tick(series, 1, (record) => {
    record.state(jobqueue.classRunning, 2, { "job.class": "A" });
    record.increment(jobqueue.classFailed, 1, { "job.class": "A" });
  });
  const soon = tick(series, hour / 2, () => undefined);
  assert.deepEqual(points(soon, jobqueue.classRunning), { A: 0 });
  assert.deepEqual(points(soon, jobqueue.classFailed), { A: 1 });
  tick(series, 2 * hour, () => undefined);
  assert.equal(
    endedOf(
      tick(series, 3 * hour, () => undefined),
      jobqueue.classRunning,
    ),
    1,
  );
  assert.equal(
    endedOf(
      tick(series, 25 * hour, () => undefined),
      jobqueue.classFailed,
    ),
    1,
  );
});

test("histograms accumulate bucket by bucket", () => {
  const series = table();
  const counts = jobqueue.durationBounds.map(() => 0).concat(0);
  const once = { counts: counts.with(3, 2), sum: 0.1 };
  const record = (ms: number) =>
    tick(series, ms, (recorder) => recorder.increment(jobqueue.classDuration, once, { "job.class": "A" }));
  record(1);
  record(2);
  const { A: value } = points(record(3), jobqueue.classDuration) as { A: { counts: number[]; sum: number } };
  assert.equal(value.counts[3], 6);
  assert.ok(Math.abs(value.sum - 0.3) < 1e-9);
});

test("two names that fold into one: sizes add, latencies do not, shared slots do not", () => {
  const series = table();
  const advanced = tick(series, 1, (record) => {
    for (const [size, latency, slots] of [
      [3, 10, 5],
      [4, 20, 5],
    ] as const) {
      record.state(jobqueue.queueSize, size, { queue: "mail-*" });
      record.state(jobqueue.queueLatency, latency, { queue: "mail-*" });
      record.state(jobqueue.queueSlots, slots, { queue: "mail-*" });
    }
  });
  assert.deepEqual(points(advanced, jobqueue.queueSize), { "mail-*": 7 });
  assert.deepEqual(points(advanced, jobqueue.queueLatency), { "mail-*": 20 });
  assert.deepEqual(points(advanced, jobqueue.queueSlots), { "mail-*": 5 });
});

test("numbers that cannot be are left out", () => {
  const series = table();
  const advanced = tick(series, 1, (record) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, undefined])
      record.state(jobqueue.queueSize, value, { queue: "mail" });
  });
  assert.deepEqual(advanced.families, []);
});

test("counts go on after a restart with their start time, what was pending included", () => {
  const before = table();
  tick(before, 1_000, (record) => record.increment(jobqueue.classFailed, 3, { "job.class": "A" }));
  const after = table();
  for (const saved of before.save()) after.restore(jobqueue.classFailed, saved, 5_000);
  const advanced = tick(after, 6_000, (record) => record.increment(jobqueue.classFailed, 1, { "job.class": "A" }));
  assert.deepEqual(points(advanced, jobqueue.classFailed), { A: 4 });
  assert.equal(advanced.families[0]?.points[0]?.startMs, 1_000);
});

test("property: a counter never falls, and in the end is the sum of what was counted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.constantFrom("A", "B", "C"), by: fc.nat(9) }), { maxLength: 60 }),
      (events) => {
        const series = table();
        const last = new Map<string, number>();
        events.forEach(({ name, by }, index) => {
          const advanced = tick(series, index + 1, (record) =>
            record.increment(jobqueue.classFailed, by, { "job.class": name }),
          );
          for (const [key, value] of Object.entries(points(advanced, jobqueue.classFailed))) {
            assert.ok(Number(value) >= (last.get(key) ?? 0));
            last.set(key, Number(value));
          }
        });
        const final = points(
          tick(series, 1_000, () => undefined),
          jobqueue.classFailed,
        );
        for (const name of ["A", "B", "C"]) {
          const counted = events.filter((event) => event.name === name).reduce((sum, { by }) => sum + by, 0);
          assert.equal(final[name] ?? 0, counted);
        }
      },
    ),
  );
});

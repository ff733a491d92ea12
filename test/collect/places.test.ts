import assert from "node:assert/strict";
import { test } from "node:test";
import * as jobqueue from "../../src/catalogue/jobqueue.ts";
import type { Metric } from "../../src/catalogue/metric.ts";
import { Places } from "../../src/collect/places.ts";
import { Recorder } from "../../src/collect/record.ts";
import { type Advanced, SeriesTable } from "../../src/collect/series.ts";

function queues(wanted: readonly string[]): Recorder {
  const record = new Recorder();
  for (const queue of wanted) {
    record.state(jobqueue.queueSize, 1, { queue });
    record.state(jobqueue.queueLatency, 2, { queue });
    record.increment(jobqueue.queueEnqueued, 3, { queue });
  }
  return record;
}

function names(advanced: Advanced, metric: Metric): string[] {
  const family = advanced.families.find((candidate) => candidate.metric === metric);
  return (family?.points ?? [])
    .map(({ attributes }) => attributes["queue"] ?? attributes["job.class"] ?? "")
    .toSorted();
}

function valueOf(advanced: Advanced, metric: Metric, queue: string): unknown {
  const family = advanced.families.find((candidate) => candidate.metric === metric);
  return family?.points.find(({ attributes }) => attributes["queue"] === queue)?.value;
}

const many = (count: number, prefix = "q") => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

test("past the limit of a metric the rest is other, and the sum stays whole", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 10, total: 1_000 }, new Set()));
  const advanced = table.advance(queues(many(30)).samples, 1);
  assert.equal(names(advanced, jobqueue.queueSize).length, 10);
  assert.equal(valueOf(advanced, jobqueue.queueSize, "other"), 21);
  assert.equal(valueOf(advanced, jobqueue.queueLatency, "other"), 2, "latencies do not add up");
  assert.equal(advanced.folded, 3 * 21);
});

test("a flood of new names does not push out the old ones, nor those of the config", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 10, total: 1_000 }, new Set(["zz-named"])));
  const old = many(5, "old");
  table.advance(queues(old).samples, 1);
  for (let tick = 2; tick < 6; tick++) {
    const advanced = table.advance(queues([...many(1_000, `new-${tick}-`), ...old, "zz-named"]).samples, tick);
    const kept = names(advanced, jobqueue.queueSize);
    for (const name of [...old, "zz-named", "other"]) assert.ok(kept.includes(name), `${name} at tick ${tick}`);
    assert.ok(kept.length <= 10);
  }
});

test("the choice is stable from tick to tick", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 10, total: 1_000 }, new Set()));
  const first = names(table.advance(queues(many(30)).samples, 1), jobqueue.queueSize);
  const second = names(table.advance(queues(many(30).toReversed()).samples, 2), jobqueue.queueSize);
  assert.deepEqual(second, first);
});

test("the limit in all holds over all metrics, and every metric keeps the same queues", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 500, total: 90 }, new Set()));
  const advanced = table.advance(queues(many(200)).samples, 1);
  assert.ok(advanced.cost <= 90, `cost ${advanced.cost}`);
  assert.ok(advanced.cost >= 75, `cost ${advanced.cost}`);
  assert.deepEqual(names(advanced, jobqueue.queueSize), names(advanced, jobqueue.queueLatency));
});

test("a histogram counts as its buckets and two more", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 200, total: 10_000 }, new Set()));
  const counts = jobqueue.durationBounds.map(() => 1).concat(1);
  const record = new Recorder();
  for (const jobClass of many(50))
    record.increment(jobqueue.classDuration, { counts, sum: 1 }, { "job.class": jobClass });
  const advanced = table.advance(record.samples, 1);
  assert.equal(names(advanced, jobqueue.classDuration).length, 7, "200 / 28");
  assert.ok(advanced.cost <= 200);
});

test("counts of names without a place add up in other and never fall", () => {
  const table = new SeriesTable({}, new Places({ perMetric: 5, total: 1_000 }, new Set()));
  let before = 0;
  for (let tick = 1; tick < 10; tick++) {
    const advanced = table.advance(queues(many(20)).samples, tick);
    const value = Number(valueOf(advanced, jobqueue.queueEnqueued, "other"));
    assert.equal(value, tick === 1 ? 0 : before + 16 * 3 * (tick === 2 ? 2 : 1));
    before = value;
  }
});

test("fresh names in thousands at each tick stay within the limits", () => {
  const places = new Places({ perMetric: 100, total: 1_000 }, new Set());
  const table = new SeriesTable({}, places);
  for (let tick = 1; tick <= 20; tick++) {
    const record = new Recorder();
    for (const queue of many(10_000, `t${tick}-`)) record.state(jobqueue.queueSize, 1, { queue });
    const advanced = table.advance(record.samples, tick);
    assert.ok(advanced.cost <= 300, `cost ${advanced.cost}`);
  }
});

test("places that become free, or are wanted by the config, are given anew", () => {
  const places = new Places({ perMetric: 3, total: 1_000 }, new Set());
  const table = new SeriesTable({}, places);
  const kept = (wanted: readonly string[], nowMs: number): string[] =>
    names(table.advance(queues(wanted).samples, nowMs), jobqueue.queueSize).filter((name) => name !== "other");
  const day = 24 * 3_600_000;
  const later = ["c", "d", "e", "f"];
  assert.deepEqual(kept(["a", "b", ...later], 1), ["a", "b"]);
  kept(later, day);
  // One tick forgets whom nobody has seen for a day, the next gives their places.
  kept(later, day + 61_000);
  assert.deepEqual(kept(later, day + 61_001), ["c", "d"], "a and b had come first");
  places.prefer(new Set(["f"]));
  // Whoever loses its place gives a last 0.
  assert.deepEqual(kept(later, day + 61_002), ["c", "d", "f"]);
  assert.deepEqual(kept(["a", ...later], day + 61_003), ["c", "f"], "a is the newest now");
});

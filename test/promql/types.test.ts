import assert from "node:assert/strict";
import { test } from "node:test";
import {
  classDuration,
  jobProcessed,
  queueLatency,
  queueLatencyLimit,
  queueSize,
  queueSlots,
  workerCount,
} from "../../src/catalogue/jobqueue.ts";
import { exportQueued, seriesActive } from "../../src/catalogue/queuewatch.ts";
import { redisDbKeys, redisMemoryUsed } from "../../src/catalogue/redis.ts";
import * as q from "../../src/promql/promql.ts";

/** The checks of this file are made by the type checker: `@ts-expect-error` fails where there is no error. */
function doesNotCompile(expression: () => unknown): void {
  assert.equal(typeof expression, "function");
}

const queue = ["environment", "system", "target", "queue"] as const;

test("a label that is not there cannot be selected, matched or named", () => {
  // @ts-expect-error a queue's size has no class
  doesNotCompile(() => q.select(queueSize, { "job.class": "x" }));
  // @ts-expect-error nor a host
  doesNotCompile(() => q.maxBy(q.select(queueSize), ["host.name"]));
  // @ts-expect-error after `max by (target)` there is no queue
  doesNotCompile(() => q.maxBy(q.maxBy(q.select(queueSize), ["target"]), ["queue"]));
  // @ts-expect-error what is about the agent has no system
  doesNotCompile(() => q.select(exportQueued, { system: "sidekiq" }));
  // @ts-expect-error and no target, unless it says so
  doesNotCompile(() => q.maxBy(q.select(exportQueued), ["target"]));
  doesNotCompile(() => q.maxBy(q.select(seriesActive), ["target"]));
  // @ts-expect-error top of what
  doesNotCompile(() => q.topk(3, q.select(queueSize), ["state"]));
  // @ts-expect-error from where
  doesNotCompile(() => q.labelReplace(q.select(queueSize), { to: "x", replacement: "$1", from: "state", regex: ".*" }));
});

test("a rate is of a counter, a quantile of a histogram, a value of a gauge", () => {
  // @ts-expect-error a gauge has no rate
  doesNotCompile(() => q.rate(queueSize, "5m"));
  // @ts-expect-error a counter's value says nothing
  doesNotCompile(() => q.select(jobProcessed));
  // @ts-expect-error a histogram has no single value
  doesNotCompile(() => q.select(classDuration));
  // @ts-expect-error a gauge has no buckets
  doesNotCompile(() => q.quantile(0.9, queueLatency, { window: "5m", by: [] }));
  // @ts-expect-error a counter is not predicted
  doesNotCompile(() => q.predictLinear(q.range(jobProcessed, "5m"), 60));
  // @ts-expect-error this is no duration
  doesNotCompile(() => q.rate(jobProcessed, "five minutes"));
  // @ts-expect-error an expression over time needs its window
  doesNotCompile(() => q.maxOverTime(q.select(queueSize)));
});

test("what does not add up is not summed", () => {
  // @ts-expect-error latencies do not add up
  doesNotCompile(() => q.sumBy(q.select(queueLatency), ["target"]));
  // @ts-expect-error nor limits over severities
  doesNotCompile(() => q.sumBy(q.select(queueLatencyLimit), queue));
  // @ts-expect-error slots of queues overlap
  doesNotCompile(() => q.sumBy(q.select(queueSlots), ["target"]));
  doesNotCompile(() => q.sumBy(q.select(queueSlots), ["queue"]));
  // @ts-expect-error two targets may share one Redis
  doesNotCompile(() => q.sumBy(q.select(redisMemoryUsed), []));
  doesNotCompile(() => q.sumBy(q.select(redisDbKeys), ["target"]));
  // @ts-expect-error a quotient does not add up
  doesNotCompile(() => q.sumBy(q.divide(q.select(queueSize), q.select(queueSize)), []));
  // @ts-expect-error nor do largest values
  doesNotCompile(() => q.sumBy(q.maxBy(q.select(queueSize), ["queue"]), []));
  // @ts-expect-error nor what was largest in a while
  doesNotCompile(() => q.sumBy(q.maxOverTime(q.range(queueSize, "1h")), []));
  // @ts-expect-error a sum with what does not add up does not add up
  doesNotCompile(() => q.sumBy(q.add(q.select(queueSize), q.select(queueLatency)), []));
  doesNotCompile(() => q.sumBy(q.multiply(q.select(queueSize), 2), []));
  doesNotCompile(() => q.sumBy(q.subtract(q.select(queueSize), q.offset(q.select(queueSize), "1w")), ["queue"]));
  doesNotCompile(() => q.sumBy(q.sumBy(q.select(queueSize), ["target", "queue"]), ["target"]));
  // @ts-expect-error quantiles of classes do not add up to one of all
  doesNotCompile(() => q.sumBy(q.quantile(0.9, classDuration, { window: "5m", by: ["job.class"] }), []));
});

test("two sides match on the labels that both have", () => {
  // @ts-expect-error the limit has a severity, the latency none
  doesNotCompile(() => q.above(q.select(queueLatency), q.select(queueLatencyLimit)));
  doesNotCompile(() => q.above(q.select(queueLatency), q.maxBy(q.select(queueLatencyLimit), queue)));
  // @ts-expect-error workers have no queue
  doesNotCompile(() => q.unless(q.select(queueSize), q.select(workerCount), q.on("target", "queue")));
  doesNotCompile(() => q.unless(q.select(queueSize), q.select(workerCount), q.on("target")));
  // @ts-expect-error one-to-one matching on the target leaves only the target
  doesNotCompile(() => q.maxBy(q.divide(q.select(queueSize), q.select(workerCount), q.on("target")), ["queue"]));
  doesNotCompile(() =>
    q.maxBy(q.divide(q.select(queueSize), q.select(workerCount), q.groupLeft(["target"], ["state"])), [
      "queue",
      "state",
    ]),
  );
  // @ts-expect-error there is no team to take over
  doesNotCompile(() => q.divide(q.select(queueSize), q.select(workerCount), q.groupLeft(["target"], ["team"])));
  // @ts-expect-error only a comparison is true or false
  doesNotCompile(() => q.bool(q.select(queueSize)));
  // @ts-expect-error a series of several labels is no number
  doesNotCompile(() => q.scalar(q.select(queueSize)));
});

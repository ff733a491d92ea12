import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  classDuration,
  classFailed,
  classProcessed,
  jobProcessed,
  queueLatency,
  queueLatencyLimit,
  queueSize,
  workerCount,
} from "../../src/catalogue/jobqueue.ts";
import { collectionErrors, exportQueued, targetUp } from "../../src/catalogue/queuewatch.ts";
import { redisCpuTime, redisMemoryUsed } from "../../src/catalogue/redis.ts";
import * as q from "../../src/promql/promql.ts";
import { checkPromql, promtoolCheck, promtoolMissing } from "../support/promql.ts";

const queue = ["environment", "system", "target", "queue"] as const;
const target = ["environment", "system", "target"] as const;

/** What each expression has to look like; all of them also have to be PromQL. */
const cases: readonly (readonly [string, q.Query, string])[] = [
  [
    "a gauge is folded to its declared labels",
    q.select(queueSize),
    "max by (environment, system, target, queue) (jobqueue_queue_size)",
  ],
  [
    "a counter is read by its growth",
    q.rate(classFailed, "5m"),
    "max by (environment, system, target, job_class) (rate(jobqueue_class_failed_total[5m]))",
  ],
  [
    "and only then summed",
    q.sumBy(q.increase(classFailed, "$__range"), ["job.class"]),
    "sum by (job_class) (max by (environment, system, target, job_class) (increase(jobqueue_class_failed_total[$__range])))",
  ],
  [
    "the largest of the largest takes one aggregation",
    q.maxBy(q.select(queueLatency), []),
    "max(jobqueue_queue_latency_seconds)",
  ],
  [
    "a metric of the agent has no system",
    q.select(exportQueued),
    "max by (environment, destination) (queuewatch_export_queued)",
  ],
  [
    "an attribute with a dot becomes a label",
    q.increase(collectionErrors, "1h", { "error.type": "E_REDIS" }),
    'max by (environment, target, error_type) (increase(queuewatch_collection_errors_total{error_type="E_REDIS"}[1h]))',
  ],
  [
    "metrics of Redis are told from those of other exporters",
    q.select(redisMemoryUsed, { target: q.variable("target") }),
    'max by (environment, system, target) (redis_memory_used_bytes{target!="", target=~"$target"})',
  ],
  [
    "a quantile sums the buckets first",
    q.quantile(0.95, classDuration, { window: "$__rate_interval", by: ["job.class"] }),
    "histogram_quantile(0.95, sum by (job_class, le) (max by (environment, system, target, job_class, le) (rate(jobqueue_class_duration_seconds_bucket[$__rate_interval]))))",
  ],
  [
    "a limit of one severity is joined on what it shares",
    q.divide(
      q.select(queueLatency),
      q.maxBy(q.select(queueLatencyLimit, { severity: "critical" }), queue),
      q.groupLeft(queue),
    ),
    'max by (environment, system, target, queue) (jobqueue_queue_latency_seconds) / on (environment, system, target, queue) group_left () max by (environment, system, target, queue) (jobqueue_queue_latency_limit_seconds{severity="critical"})',
  ],
  [
    "what a cause explains is left out",
    q.unless(
      q.above(q.select(queueLatency), 300),
      q.equal(q.select(targetUp), 0),
      q.on("environment", "system", "target"),
    ),
    "max by (environment, system, target, queue) (jobqueue_queue_latency_seconds) > 300 unless on (environment, system, target) max by (environment, system, target) (queuewatch_target_up) == 0",
  ],
  [
    "only on working days",
    q.and(q.select(queueSize, { queue: q.noneOf(["low", "bulk.*"]) }), q.below(q.dayOfWeek(), 6), q.on()),
    String.raw`max by (environment, system, target, queue) (jobqueue_queue_size{queue!~"low|bulk\\.\\*"}) and on () day_of_week() < 6`,
  ],
  [
    "buckets for a heatmap",
    q.sumBy(q.bucketRate(classDuration, "5m"), ["le"]),
    "sum by (le) (max by (environment, system, target, job_class, le) (rate(jobqueue_class_duration_seconds_bucket[5m])))",
  ],
  [
    "nobody at night",
    q.and(q.above(q.select(queueSize), 1), q.atLeast(q.hour(), 8), q.on()),
    "max by (environment, system, target, queue) (jobqueue_queue_size) > 1 and on () hour() >= 8",
  ],
  [
    "parentheses only where they are needed",
    q.divide(
      q.subtract(q.rate(classProcessed, "5m"), q.rate(classFailed, "5m")),
      q.clampMin(q.rate(classProcessed, "5m"), 0.1),
    ),
    "(max by (environment, system, target, job_class) (rate(jobqueue_class_processed_total[5m])) - max by (environment, system, target, job_class) (rate(jobqueue_class_failed_total[5m]))) / clamp_min(max by (environment, system, target, job_class) (rate(jobqueue_class_processed_total[5m])), 0.1)",
  ],
  [
    "a past is that of every selector",
    q.offset(q.sumBy(q.rate(jobProcessed, "5m"), target), "1w"),
    "sum by (environment, system, target) (max by (environment, system, target) (rate(jobqueue_job_processed_total[5m] offset 1w)))",
  ],
  [
    "a gauge over time",
    q.maxOverTime(q.range(queueLatency, "1h")),
    "max by (environment, system, target, queue) (max_over_time(jobqueue_queue_latency_seconds[1h]))",
  ],
  [
    "an expression over time",
    q.avgOverTime(q.subquery(q.sumBy(q.select(queueSize), target), "1h", "5m")),
    "avg_over_time(sum by (environment, system, target) (max by (environment, system, target, queue) (jobqueue_queue_size))[1h:5m])",
  ],
  [
    "a comparison over time",
    q.countOverTime(q.subquery(q.above(q.select(queueSize), 5), "1h")),
    "count_over_time((max by (environment, system, target, queue) (jobqueue_queue_size) > 5)[1h:])",
  ],
  [
    "a prediction",
    q.predictLinear(q.range(queueSize, "30m"), 3600),
    "max by (environment, system, target, queue) (predict_linear(jobqueue_queue_size[30m], 3600))",
  ],
  [
    "a quantile of the past",
    q.quantileOverTime(0.9, q.subquery(q.rate(jobProcessed, "5m"), "1d", "10m")),
    "quantile_over_time(0.9, max by (environment, system, target) (rate(jobqueue_job_processed_total[5m]))[1d:10m])",
  ],
  [
    "a truth as a number",
    q.bool(q.below(q.select(workerCount, { state: "active" }), 2)),
    'max by (environment, system, target, state) (jobqueue_worker_count{state="active"}) < bool 2',
  ],
  [
    "a recording rule's series stands for itself",
    q.select(q.recordedMetric("target:queuewatch_processed:baseline", ["environment", "target"]), { target: "shop" }),
    'target:queuewatch_processed:baseline{target="shop"}',
  ],
  [
    "a metric of another system",
    q.rate(
      q.foreignMetric({
        prometheusName: "alertmanager_notifications_failed_total",
        kind: "counter",
        labels: ["integration"],
      }),
      "5m",
    ),
    "max by (integration) (rate(alertmanager_notifications_failed_total[5m]))",
  ],
  [
    "a label from another",
    q.labelReplace(q.select(workerCount), { to: "status", replacement: "is $1", from: "state", regex: "(.+)" }),
    'label_replace(max by (environment, system, target, state) (jobqueue_worker_count), "status", "is $1", "state", "(.+)")',
  ],
  [
    "time itself",
    q.subtract(q.time(), q.lastSeen(targetUp)),
    "time() - max by (environment, system, target) (timestamp(queuewatch_target_up))",
  ],
  [
    "nothing at all",
    q.or(q.sumBy(q.select(queueSize), []), q.vector(0)),
    "sum(max by (environment, system, target, queue) (jobqueue_queue_size)) or vector(0)",
  ],
  [
    "silence",
    q.absent(q.equal(q.select(targetUp), 1)),
    "absent(max by (environment, system, target) (queuewatch_target_up) == 1)",
  ],
  [
    "the busiest",
    q.topk(5, q.select(queueSize), ["target"]),
    "topk by (target) (5, max by (environment, system, target, queue) (jobqueue_queue_size))",
  ],
  [
    "a part of the states",
    q.sumBy(q.rate(redisCpuTime, "5m", { state: q.anyOf(["sys", "user"]) }), target),
    'sum by (environment, system, target) (max by (environment, system, target, state) (rate(redis_cpu_time_seconds_total{target!="", state=~"sys|user"}[5m])))',
  ],
];

suite("rendered PromQL", () => {
  for (const [name, query, text] of cases) {
    test(name, () => {
      assert.equal(q.render(query), text);
      assert.equal(checkPromql(text), undefined);
    });
  }
});

test("names from outside cannot leave their quotes", () => {
  const hostile = 'a"b\\c\nd{}';
  const text = q.render(q.select(queueSize, { queue: [hostile, q.anyOf([hostile, "x.y"])] }));
  assert.equal(
    text,
    String.raw`max by (environment, system, target, queue) (jobqueue_queue_size{queue="a\"b\\c\nd{}", queue=~"a\"b\\\\c\nd\\{\\}|x\\.y"})`,
  );
  assert.equal(checkPromql(text), undefined);
});

test("the checker refuses what is not PromQL", () => {
  for (const wrong of ["rate(a[5m", "rate(a)", "sum(a) by", "a > bool", "label_replace(a)", "a[5m] + 1"]) {
    assert.notEqual(checkPromql(wrong), undefined, wrong);
  }
});

test("promtool takes every query", { skip: promtoolMissing }, () => {
  assert.equal(promtoolCheck(cases.map(([, , text]) => text)), undefined);
  assert.match(promtoolCheck(["rate(sum(a)[5m])"]) ?? "", /ranges only allowed for vector selectors/);
});

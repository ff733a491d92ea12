import {
  failureRecorded,
  failureSize,
  payloadSize,
  queueDequeued,
  queueEnqueued,
  queueLatency,
  queueLatencyUncertainty,
  queueLongestRunning,
  queuePaused,
  queueSize,
  queueSizeLimit,
  queueSlots,
  queueWorkers,
} from "../src/catalogue/jobqueue.ts";
import {
  dashboard,
  labelColumn,
  plain,
  series,
  stat,
  table,
  timeseries,
  worseAbove,
  worseBelow,
} from "../src/generate/dashboard/panels.ts";
import * as queries from "../src/generate/dashboard/queries.ts";
import {
  add,
  clampMin,
  increase,
  maxBy,
  minBy,
  offset,
  rate,
  select,
  subtract,
  sumBy,
  topk,
} from "../src/promql/promql.ts";

const scope = queries.queueScope;
const each = ["queue", "target"] as const;
const latency = queries.latency(scope);
const uncertainty = select(queueLatencyUncertainty, scope);
const sizeLimit = maxBy(select(queueSizeLimit, { ...scope, severity: "critical" }), queries.queueLabels);

export default dashboard({
  name: "queue",
  title: "queuewatch / Queue",
  description: "One queue in depth: how late, how long, growing or not, who serves it, what fails in it.",
  variables: ["environment", "target", "system", "queue"],
  from: "now-6h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "latency-now",
          title: "Latency",
          about: "Age of the oldest waiting job; of several queues the worst.",
          width: 4,
          shows: queueLatency,
          thresholds: plain,
          series: [series(maxBy(latency, []), "latency")],
        }),
        stat({
          key: "share-now",
          title: "Of its promise",
          about: "Latency as a share of what the queue promises; of several queues the worst.",
          width: 4,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseAbove(0.8, 1),
          filled: true,
          noValue: "No promise",
          series: [series(maxBy(queries.latencyShare(scope), []), "of its promise")],
        }),
        stat({
          key: "size-now",
          title: "Waiting jobs",
          about: "Jobs in the queue.",
          width: 4,
          shows: queueSize,
          thresholds: plain,
          series: [series(sumBy(queries.size(scope), []), "waiting")],
        }),
        stat({
          key: "growth-now",
          title: "Growth per minute",
          about:
            "Jobs by which the queue grows in a minute, by regression over ten minutes. Negative: it is being worked off.",
          width: 4,
          unit: "short",
          decimals: 1,
          thresholds: plain,
          series: [series(sumBy(queries.growthPerMinute(scope), []), "per minute")],
        }),
        stat({
          key: "drain-now",
          title: "Empty in",
          about: "When the queue is empty if it goes on shrinking like this; of several queues the slowest.",
          width: 4,
          unit: "s",
          thresholds: plain,
          noValue: "Not shrinking",
          series: [series(maxBy(queries.drainTime(scope), []), "empty in")],
        }),
        stat({
          key: "workers-now",
          title: "Workers",
          about: "Active workers that serve the queue; of several queues the fewest.",
          width: 4,
          shows: queueWorkers,
          thresholds: worseBelow(1, 1),
          series: [series(minBy(select(queueWorkers, scope), []), "workers")],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        timeseries({
          key: "latency",
          title: "Latency and promise",
          about:
            "Dashed orange and red: the warning and the critical limit of the queue. Grey: the same time last week.",
          width: 12,
          shows: queueLatency,
          series: [
            series(latency, each, { look: "line" }),
            series(queries.latencyLimit(scope, "warning"), "{{queue}} warning", { look: "warning" }),
            series(queries.latencyLimit(scope, "critical"), "{{queue}} critical", { look: "critical" }),
            series(offset(latency, "1w"), "{{queue}} last week", { look: "past" }),
            series(add(latency, uncertainty), "{{queue}} at most", { look: "past", color: "blue" }),
            series(clampMin(subtract(latency, uncertainty), 0), "{{queue}} at least", { look: "past", color: "blue" }),
          ],
        }),
        timeseries({
          key: "size",
          title: "Waiting jobs",
          about: "Dashed red: the limit, where one is configured. Grey: the same time last week.",
          width: 12,
          shows: queueSize,
          draw: "area",
          series: [
            series(queries.size(scope), each),
            series(sizeLimit, "{{queue}} critical", { look: "critical" }),
            series(offset(queries.size(scope), "1w"), "{{queue}} last week", { look: "past" }),
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "growth",
          title: "Growth per minute",
          about: "Above zero more jobs come than go. By regression over ten minutes.",
          width: 8,
          unit: "short",
          series: [series(queries.growthPerMinute(scope), each)],
        }),
        timeseries({
          key: "seen",
          title: "Seen coming and going, at least, per second",
          about:
            "A lower bound: what comes and goes between two reads is not seen. Complete only while the queue does not run dry.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [
            series(rate(queueEnqueued, "$__rate_interval", scope), "{{queue}} coming"),
            series(rate(queueDequeued, "$__rate_interval", scope), "{{queue}} going", { look: "below zero" }),
          ],
        }),
        timeseries({
          key: "drain",
          title: "Empty in",
          about: "Nothing is drawn while the queue does not shrink.",
          noValue: "Did not shrink",
          width: 8,
          unit: "s",
          series: [series(queries.drainTime(scope), each)],
        }),
      ],
    },
    {
      title: "Who serves it",
      height: 8,
      panels: [
        timeseries({
          key: "capacity",
          title: "Slots and running jobs",
          about:
            "When the running jobs reach the slots, jobs wait for a worker. Slots may be shared with other queues.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [
            series(queries.running(scope), "{{queue}} running"),
            series(select(queueSlots, scope), "{{queue}} slots", { look: "past" }),
          ],
          link: { to: "workers", title: "Open the workers", fill: { target: "target" } },
        }),
        timeseries({
          key: "workers",
          title: "Workers and pauses",
          about: "Active workers that serve the queue. A queue that is paused, or that nobody serves, only grows.",
          width: 8,
          shows: queueWorkers,
          series: [
            series(select(queueWorkers, scope), "{{queue}} workers"),
            series(select(queuePaused, scope), "{{queue}} paused", { look: "warning" }),
          ],
        }),
        timeseries({
          key: "longest-running",
          title: "Longest-running job",
          about: "A line that climbs without end is a job that is stuck.",
          width: 8,
          shows: queueLongestRunning,
          series: [series(select(queueLongestRunning, scope), each)],
        }),
      ],
    },
    {
      title: "What fails in it",
      height: 8,
      panels: [
        timeseries({
          key: "failures",
          title: "New failures by class, at least",
          about: "Failure records seen in each bar's time.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(topk(10, sumBy(increase(failureRecorded, "$__rate_interval", scope), ["job.class"])), ["job.class"]),
          ],
          link: { to: "classes", title: "Open the class", fill: { class: "job_class" } },
        }),
        table({
          key: "failing-classes",
          title: "What stands in the retry, dead and failed sets",
          about: "By class and error, the largest groups first.",
          width: 10,
          labels: [
            labelColumn("job.class", "Class", {
              link: { to: "classes", title: "Open the class", fill: { class: "Class" } },
            }),
            labelColumn("error.type", "Error"),
            labelColumn("set", "Set", { width: 80 }),
          ],
          columns: [
            {
              title: "Jobs",
              value: topk(100, sumBy(select(failureSize, scope), ["job.class", "error.type", "set"])),
              shows: failureSize,
              width: 90,
            },
          ],
          sort: ["Jobs"],
          noValue: "Nothing failed",
        }),
        timeseries({
          key: "payload",
          title: "Size of a waiting job",
          about: "Rough memory per job. A jump means other jobs than usual, or arguments that should not be there.",
          width: 6,
          shows: payloadSize,
          series: [series(select(payloadSize, scope), each)],
        }),
      ],
    },
  ],
});

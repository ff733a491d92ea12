import { classFailureRatio } from "../alerting/failure/class-failure-ratio.ts";
import { classSlow } from "../alerting/performance/class-slow.ts";
import { limitsOf } from "../src/generate/dashboard/alert-limit.ts";
import {
  classDuration,
  classFailed,
  classLongestRunning,
  classProcessed,
  classRunning,
  failureRecorded,
} from "../src/catalogue/jobqueue.ts";
import {
  bars,
  dashboard,
  heatmap,
  plainBars,
  series,
  timeseries,
  worseAbove,
} from "../src/generate/dashboard/panels.ts";
import * as queries from "../src/generate/dashboard/queries.ts";
import {
  above,
  and,
  divide,
  increase,
  bucketIncrease,
  maxBy,
  offset,
  on,
  quantile,
  rate,
  select,
  sumBy,
  topk,
  type Window,
} from "../src/promql/promql.ts";

const scope = queries.classScope;
const byClass = ["job.class"] as const;
const durations = (share: number, window: Window = "$__rate_interval") =>
  quantile(share, classDuration, { window, by: byClass, where: scope });
const processed = (window: Window) => sumBy(rate(classProcessed, window, scope), byClass);
const failed = (window: Window) => sumBy(rate(classFailed, window, scope), byClass);
const failureShare = (window: Window) => divide(failed(window), above(processed(window), 0));

export default dashboard({
  name: "classes",
  title: "queuewatch / Job classes",
  description:
    "How long jobs take, how many run and how many fail, by class. Which one is slow, failing, or not as it was.",
  variables: ["environment", "target", "system", "class"],
  from: "now-6h",
  rows: [
    {
      height: 9,
      panels: [
        heatmap({
          key: "durations",
          title: "How long jobs take",
          about: "Successful jobs by execution time, where the system records it (Sidekiq 7 and newer).",
          width: 12,
          shows: classDuration,
          buckets: sumBy(bucketIncrease(classDuration, "$__rate_interval", scope), ["le"]),
        }),
        timeseries({
          key: "quantiles",
          title: "Execution time: half, 95 % and 99 % of the jobs are faster",
          about: "Over all chosen classes.",
          width: 12,
          shows: classDuration,
          logarithmic: true,
          series: ([0.5, 0.95, 0.99] as const).map((share) =>
            series(
              quantile(share, classDuration, { window: "$__rate_interval", by: [], where: scope }),
              `${share * 100} %`,
            ),
          ),
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "mean",
          title: "Mean processing time of all jobs",
          about:
            "By Little's law: jobs running divided by jobs processed per second. For every system and all classes together.",
          width: 8,
          unit: "s",
          series: [series(queries.meanProcessingTime(), ["target"])],
        }),
        timeseries({
          key: "throughput",
          title: "Throughput by class, jobs per second",
          about: "The ten busiest at each moment, where the system counts by class.",
          width: 8,
          unit: "short",
          draw: "stack",
          series: [series(topk(10, processed("$__rate_interval")), byClass)],
        }),
        timeseries({
          key: "failure-share",
          title: "Failing attempts by class",
          about: "Share of the class's attempts that raised an error; the ten worst at each moment.",
          width: 8,
          unit: "percentunit",
          min: 0,
          thresholds: worseAbove(...limitsOf(classFailureRatio)),
          series: [series(topk(10, failureShare("$__rate_interval")), byClass)],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "errors",
          title: "New failures by error, at least",
          about: "Failure records seen in each bar's time, of all systems.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(topk(10, sumBy(increase(failureRecorded, "$__rate_interval", scope), ["error.type"])), [
              "error.type",
            ]),
          ],
        }),
        timeseries({
          key: "running",
          title: "Running now",
          about: "Jobs that workers are executing.",
          width: 8,
          shows: classRunning,
          draw: "stack",
          series: [series(topk(10, sumBy(select(classRunning, scope), byClass)), byClass)],
        }),
        timeseries({
          key: "longest-running",
          title: "Longest-running job",
          about: "A line that climbs without end is a job that is stuck.",
          width: 8,
          shows: classLongestRunning,
          series: [series(topk(10, maxBy(select(classLongestRunning, scope), byClass)), byClass)],
        }),
      ],
    },
    {
      title: "Worst of the chosen time",
      height: 9,
      panels: [
        bars({
          key: "slowest",
          title: "Slowest: 95 % are faster",
          about: "Execution time of successful jobs over the whole time range.",
          width: 8,
          shows: classDuration,
          thresholds: plainBars,
          noValue: "Not recorded",
          series: [series(topk(10, durations(0.95, "$__range")), byClass)],
        }),
        bars({
          key: "most-failing",
          title: "Most failing attempts",
          about: "Share of the class's attempts over the whole time range.",
          width: 8,
          unit: "percentunit",
          decimals: 1,
          min: 0,
          max: 1,
          thresholds: worseAbove(...limitsOf(classFailureRatio)),
          noValue: "Nothing failed",
          series: [series(topk(10, above(failureShare("$__range"), 0)), byClass)],
        }),
        bars({
          key: "most-changed",
          title: "Slower than last week",
          about:
            "Execution time (95 %) divided by that of the same time last week; classes that ran in both. 200 % is twice as long.",
          width: 8,
          unit: "percentunit",
          decimals: 0,
          min: 0,
          thresholds: worseAbove(...limitsOf(classSlow)),
          noValue: "No data of last week",
          series: [
            series(
              topk(
                10,
                and(
                  divide(durations(0.95, "$__range"), offset(durations(0.95, "$__range"), "1w")),
                  processed("$__range"),
                  on("job.class"),
                ),
              ),
              byClass,
            ),
          ],
        }),
      ],
    },
  ],
});

import { agentSilent } from "../alerting/agent/agent-silent.ts";
import { failureRatio } from "../alerting/failure/failure-ratio.ts";
import { limitsOf } from "../src/generate/dashboard/alert-limit.ts";
import { queueSize, workerCount } from "../src/catalogue/jobqueue.ts";
import { targetUp } from "../src/catalogue/queuewatch.ts";
import type { Mapping } from "../src/generate/dashboard/model.ts";
import {
  alertList,
  dashboard,
  flaggedAbove,
  labelColumn,
  noneIsGood,
  plain,
  series,
  stat,
  table,
  timeseries,
  worseAbove,
} from "../src/generate/dashboard/panels.ts";
import * as queries from "../src/generate/dashboard/queries.ts";
import {
  atLeast,
  countBy,
  divide,
  lastSeen,
  maxBy,
  offset,
  or,
  select,
  subtract,
  sumBy,
  time,
  topk,
  vector,
} from "../src/promql/promql.ts";

const scope = queries.targetScope;
const targetLabels = queries.targetLabels;
const workers = (state: "active" | "lost") => sumBy(select(workerCount, { ...scope, state }), targetLabels);
const dataAge = subtract(time(), lastSeen(targetUp, scope));
const toQueue = { to: "queue", title: "Open the queue", fill: { target: "target", queue: "queue" } } as const;

const upWords: readonly Mapping[] = [
  { value: 1, text: "Read", color: "green" },
  { value: 0, text: "Not read", color: "red" },
];
const statusWords: readonly Mapping[] = [
  { value: queries.queueStatus.ok, text: "OK", color: "transparent" },
  { value: queries.queueStatus.late, text: "Late", color: "orange" },
  { value: queries.queueStatus.broken, text: "Promise broken", color: "red" },
  { value: queries.queueStatus.unserved, text: "No workers", color: "red" },
];
const percentThresholds = worseAbove(...limitsOf(failureRatio));

export default dashboard({
  name: "overview",
  title: "queuewatch / Overview",
  description: "Is it bad, where, and what to open next. For whoever is on call.",
  variables: ["environment", "target", "system"],
  from: "now-3h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "late-queues",
          title: "Broken promises",
          about: "Queues whose oldest job has waited for longer than the queue promises (its critical limit).",
          width: 4,
          unit: "short",
          thresholds: noneIsGood,
          filled: true,
          series: [series(or(countBy(atLeast(queries.latencyShare(scope), 1), []), vector(0)), "queues")],
        }),
        stat({
          key: "worst-queue",
          title: "Worst queue, of its promise",
          about: "The queue that has used up most of the time that it promises. At 100 % the promise is broken.",
          width: 5,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseAbove(0.8, 1),
          text: "value_and_name",
          noValue: "No promises",
          series: [series(topk(1, queries.latencyShare(scope)), ["queue"])],
          link: toQueue,
        }),
        stat({
          key: "waiting",
          title: "Waiting jobs",
          about: "Jobs in all queues, and by how many that grows or shrinks in a minute.",
          width: 5,
          thresholds: plain,
          text: "value_and_name",
          series: [
            series(sumBy(queries.size(scope), []), "waiting"),
            series(sumBy(queries.growthPerMinute(scope), []), "per minute"),
          ],
          decimals: 0,
        }),
        stat({
          key: "failing",
          title: "Failing attempts",
          about: "Share of the attempts of the last five minutes that raised an error.",
          width: 3,
          unit: "percentunit",
          decimals: 1,
          thresholds: percentThresholds,
          noValue: "Nothing ran",
          series: [
            series(divide(sumBy(queries.failedRate("5m"), []), sumBy(queries.processedRate("5m"), [])), "failing"),
          ],
        }),
        stat({
          key: "lost-workers",
          title: "Lost workers",
          about: "Workers that are registered but give no sign of life. What they held may be lost.",
          width: 3,
          shows: workerCount,
          thresholds: noneIsGood,
          series: [series(sumBy(workers("lost"), []), "lost")],
        }),
        stat({
          key: "data-age",
          title: "Age of the data",
          about:
            "How long ago the agent last said anything of its oldest target. If it grows, this page shows the past.",
          width: 4,
          unit: "s",
          decimals: 0,
          thresholds: worseAbove(...limitsOf(agentSilent)),
          noValue: "No agent",
          series: [series(maxBy(dataAge, []), "age")],
        }),
      ],
    },
    {
      height: 6,
      panels: [
        table({
          key: "targets",
          title: "Health by target",
          about: "One line for each Redis and system that is watched.",
          width: 16,
          labels: [
            labelColumn("target", "Target", {
              link: { to: "queue", title: "Open its queues", fill: { target: "Target" } },
            }),
            labelColumn("system", "System"),
          ],
          columns: [
            { title: "State", value: select(targetUp, scope), mappings: upWords, cell: "text", width: 90 },
            {
              title: "Of promise",
              value: maxBy(queries.latencyShare(scope), targetLabels),
              unit: "percentunit",
              decimals: 0,
              thresholds: flaggedAbove(0.8, 1),
              cell: "background",
            },
            { title: "Waiting", value: sumBy(queries.size(scope), targetLabels), shows: queueSize },
            {
              title: "Growth/min",
              value: sumBy(queries.growthPerMinute(scope), targetLabels),
              unit: "short",
              decimals: 0,
            },
            {
              title: "Failing",
              value: queries.failureShare("5m"),
              unit: "percentunit",
              decimals: 1,
              thresholds: percentThresholds,
              cell: "text",
            },
            { title: "Workers", value: workers("active"), shows: workerCount },
            { title: "Lost", value: workers("lost"), shows: workerCount, thresholds: noneIsGood, cell: "text" },
            {
              title: "Data",
              value: dataAge,
              unit: "s",
              decimals: 0,
              thresholds: worseAbove(...limitsOf(agentSilent)),
              cell: "text",
            },
          ],
          sort: ["Of promise"],
        }),
        alertList({
          key: "alerts",
          title: "Firing alerts",
          about: "Alerts of queuewatch that fire now, the most important first.",
          width: 8,
        }),
      ],
    },
    {
      height: 10,
      panels: [
        table({
          key: "queues",
          title: "Queues, the most troubled first",
          about: "Latency beside what the queue promises; growth and drain time by regression over ten minutes.",
          width: 24,
          labels: [
            labelColumn("queue", "Queue", {
              link: { to: "queue", title: "Open the queue", fill: { target: "Target", queue: "Queue" } },
            }),
            labelColumn("target", "Target"),
          ],
          columns: [
            { title: "Status", value: queries.status(scope), mappings: statusWords, cell: "background", width: 130 },
            {
              title: "Of promise",
              value: queries.latencyShare(scope),
              unit: "percentunit",
              decimals: 0,
              min: 0,
              max: 1.5,
              thresholds: worseAbove(0.8, 1),
              cell: "gauge",
              width: 200,
            },
            { title: "Latency", value: queries.latency(scope), unit: "s" },
            { title: "Promise", value: queries.latencyLimit(scope, "critical"), unit: "s" },
            { title: "Waiting", value: queries.size(scope), shows: queueSize },
            { title: "Growth/min", value: queries.growthPerMinute(scope), unit: "short", decimals: 0 },
            { title: "Drained in", value: queries.drainTime(scope), unit: "s" },
            { title: "Running", value: queries.running(scope), unit: "short" },
            { title: "Workers", value: queries.workersOf(scope), unit: "short" },
          ],
          sort: ["Status", "Of promise"],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "latency-share",
          title: "Latency as a share of the promise",
          about: "The ten worst queues at each moment. Above 100 % a promise is broken.",
          width: 12,
          unit: "percentunit",
          thresholds: worseAbove(0.8, 1),
          series: [series(topk(10, queries.latencyShare(scope)), ["queue", "target"])],
          link: toQueue,
        }),
        timeseries({
          key: "backlog",
          title: "Waiting jobs",
          about: "The ten longest queues at each moment.",
          width: 12,
          shows: queueSize,
          draw: "area",
          series: [series(topk(10, queries.size(scope)), ["queue", "target"])],
          link: toQueue,
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "throughput",
          title: "Throughput, jobs per second",
          about: "Attempts that ended, failures included; dashed: the same time last week.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [
            series(queries.processedRate("$__rate_interval"), ["target"]),
            series(offset(queries.processedRate("$__rate_interval"), "1w"), "{{target}} last week", { look: "past" }),
          ],
          link: { to: "classes", title: "Open the job classes", fill: { target: "target" } },
        }),
        timeseries({
          key: "failure-share",
          title: "Failing attempts",
          about: "Share of attempts that raised an error.",
          width: 8,
          unit: "percentunit",
          min: 0,
          thresholds: percentThresholds,
          series: [series(queries.failureShare("$__rate_interval"), ["target"])],
          link: { to: "classes", title: "Open the job classes", fill: { target: "target" } },
        }),
        timeseries({
          key: "workers",
          title: "Workers",
          about: "Active workers, and workers that were lost without leaving.",
          width: 8,
          shows: workerCount,
          draw: "area",
          series: [
            series(workers("active"), "{{target}} active"),
            series(workers("lost"), "{{target}} lost", { look: "critical" }),
          ],
          link: { to: "workers", title: "Open the workers", fill: { target: "target" } },
        }),
      ],
    },
  ],
});

import { queuesFlooded } from "../alerting/flood/queues-flooded.ts";
import { limitOf } from "../src/generate/dashboard/alert-limit.ts";
import {
  classProcessed,
  failureRecorded,
  jobLost,
  payloadInvalid,
  payloadSize,
  queueSize,
  workerLost,
} from "../src/catalogue/jobqueue.ts";
import { targetUp } from "../src/catalogue/queuewatch.ts";
import {
  alertList,
  dashboard,
  labelColumn,
  noneIsGood,
  series,
  stat,
  table,
  timeseries,
  worseAbove,
} from "../src/generate/dashboard/panels.ts";
import * as queries from "../src/generate/dashboard/queries.ts";
import {
  above,
  add,
  and,
  atMost,
  clampMin,
  countBy,
  divide,
  increase,
  multiply,
  offset,
  on,
  or,
  quantileOverTime,
  rate,
  select,
  subquery,
  subtract,
  sumBy,
  topk,
  unless,
  vector,
} from "../src/promql/promql.ts";

const scope = queries.targetScope;
const targetLabels = queries.targetLabels;
const size = queries.size(scope);

/**
 * Queues of a hundred jobs or more that hold three times what they held an hour ago, and three times what they held at
 * this time yesterday; of targets that were watched an hour ago.
 */
const anHourAgo = offset(size, "1h");
const yesterday = offset(size, "1d");
const grown = unless(
  unless(above(size, 100), atMost(size, multiply(anHourAgo, 3))),
  atMost(size, multiply(yesterday, 3)),
);
const swollen = and(grown, offset(select(targetUp, scope), "1h"), on(...targetLabels));

/** Jobs that arrive per second: what was processed and by what the queues grew. */
const arrivals = clampMin(
  add(sumBy(queries.processedRate("10m"), targetLabels), sumBy(queries.growth(scope), targetLabels)),
  0,
);
const usualArrivals = quantileOverTime(0.5, subquery(queries.processedRate("10m"), "1d", "10m"));
const surge = divide(arrivals, clampMin(usualArrivals, 0.1));

const classFailure = queries.classFailureShare("10m");
const classVolume = above(rate(classProcessed, "10m", queries.classScope), 0.05);
const classFailureYesterday = offset(queries.classFailureShare("1h"), "1d");
const classFailureGrowth = or(subtract(classFailure, classFailureYesterday), classFailure);

/** A counter begins with the first failure and stays: what is there now and was not yesterday is new. */
const kinds = ["error.type", "job.class"] as const;
const newErrors = unless(
  above(sumBy(increase(failureRecorded, "1h", scope), kinds), 0),
  offset(sumBy(increase(failureRecorded, "10m", scope), kinds), "1d"),
);

export default dashboard({
  name: "threats",
  title: "queuewatch / Threats",
  description:
    "What an attack or an accident with the same face looks like: floods, poisoned payloads, failures of one class, lost workers and jobs.",
  variables: ["environment", "target", "system", "class"],
  from: "now-6h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "swollen-now",
          title: "Swollen queues",
          about:
            "Queues of a hundred jobs or more that hold three times what they held an hour ago and yesterday. Several at once: a flood.",
          width: 4,
          unit: "short",
          thresholds: worseAbove(1, limitOf(queuesFlooded, "queues")),
          filled: true,
          series: [series(or(countBy(swollen, []), vector(0)), "queues")],
        }),
        stat({
          key: "surge-now",
          title: "Arrivals, of the usual",
          about: "Jobs arriving now, as a multiple of the last day's median; the target with the most.",
          width: 4,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseAbove(3, 10),
          text: "value_and_name",
          noValue: "No baseline",
          series: [series(topk(1, surge), ["target"])],
        }),
        stat({
          key: "invalid-now",
          title: "Invalid payloads",
          about: "In the last hour: payloads that are not a job. Nothing that enqueues properly makes them.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          filled: true,
          series: [series(or(sumBy(increase(payloadInvalid, "1h", scope), []), vector(0)), "payloads")],
        }),
        stat({
          key: "new-errors-now",
          title: "New kinds of failure",
          about: "Pairs of class and error of the last hour that were not there yesterday.",
          width: 4,
          unit: "short",
          thresholds: worseAbove(1, 5),
          series: [series(or(countBy(newErrors, []), vector(0)), "kinds")],
        }),
        stat({
          key: "lost-workers-now",
          title: "Workers lost",
          about: "In the last hour. A payload that kills its worker looks like this.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(or(sumBy(increase(workerLost, "1h", scope), []), vector(0)), "workers")],
        }),
        stat({
          key: "lost-jobs-now",
          title: "Jobs presumed lost",
          about: "In the last hour, at most.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(or(sumBy(increase(jobLost, "1h", scope), []), vector(0)), "jobs")],
        }),
      ],
    },
    {
      title: "Floods",
      height: 8,
      panels: [
        timeseries({
          key: "arrivals",
          title: "Arrivals per second",
          about: "What was processed and by what the queues grew. Dashed: the median of the last day.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [series(arrivals, "{{target}}"), series(usualArrivals, "{{target}} usual", { look: "past" })],
        }),
        timeseries({
          key: "swollen",
          step: 300,
          title: "Swollen queues at once",
          about:
            "How many queues hold three times what they held an hour ago and yesterday. One may be a batch; several at once are a flood.",
          width: 8,
          unit: "short",
          draw: "area",
          thresholds: worseAbove(1, limitOf(queuesFlooded, "queues")),
          series: [series(or(countBy(swollen, []), vector(0)), "queues")],
        }),
        table({
          key: "swollen-queues",
          title: "Which queues",
          about: "What they hold now, held an hour ago, and held at this time yesterday.",
          width: 8,
          labels: [
            labelColumn("queue", "Queue", {
              link: { to: "queue", title: "Open the queue", fill: { target: "Target", queue: "Queue" } },
            }),
            labelColumn("target", "Target"),
          ],
          columns: [
            { title: "Waiting", value: topk(50, swollen), shows: queueSize },
            { title: "1 h ago", value: and(anHourAgo, swollen), shows: queueSize },
            { title: "1 day ago", value: and(yesterday, swollen), shows: queueSize },
          ],
          sort: ["Waiting"],
          noValue: "None",
        }),
      ],
    },
    {
      title: "Poison",
      height: 8,
      panels: [
        timeseries({
          key: "invalid",
          title: "Invalid payloads by queue and kind",
          about: "Seen in each bar's time; a lower bound.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(
              topk(10, above(sumBy(increase(payloadInvalid, "$__rate_interval", scope), ["queue", "error.type"]), 0)),
              ["queue", "error.type"],
            ),
          ],
          link: { to: "queue", title: "Open the queue", fill: { queue: "queue" } },
        }),
        timeseries({
          key: "class-failures",
          title: "Failing attempts of a class, above its usual",
          about:
            "Share of the attempts that fail, less that of the same time yesterday; classes of some volume, the ten worst at each moment.",
          width: 8,
          unit: "percentunit",
          thresholds: worseAbove(0.1, 0.3),
          series: [series(topk(10, and(classFailureGrowth, classVolume)), ["job.class", "target"])],
          link: { to: "classes", title: "Open the class", fill: { target: "target", class: "job_class" } },
        }),
        table({
          key: "new-errors",
          title: "New kinds of failure",
          about: "Of the last hour, not there yesterday.",
          width: 8,
          labels: [
            labelColumn("job.class", "Class", {
              link: { to: "classes", title: "Open the class", fill: { class: "Class" } },
            }),
            labelColumn("error.type", "Error"),
          ],
          columns: [{ title: "Failures", value: topk(50, newErrors), unit: "short", decimals: 0, width: 90 }],
          sort: ["Failures"],
          noValue: "None",
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "payload-size",
          title: "Size of a waiting job",
          about:
            "Rough memory per job, the ten largest. A jump means other jobs than usual, or arguments that should not be there.",
          width: 8,
          shows: payloadSize,
          series: [series(topk(10, select(payloadSize, scope)), ["queue", "target"])],
          link: { to: "queue", title: "Open the queue", fill: { target: "target", queue: "queue" } },
        }),
        timeseries({
          key: "losses",
          title: "Workers and jobs lost",
          about: "In each bar's time. Jobs are an upper bound.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(sumBy(increase(workerLost, "$__rate_interval", scope), []), "workers", { color: "red" }),
            series(sumBy(increase(jobLost, "$__rate_interval", scope), []), "jobs", { color: "orange" }),
          ],
          link: { to: "workers", title: "Open the workers", fill: {} },
        }),
        alertList({
          key: "alerts",
          title: "Firing threat alerts",
          about: "Alerts that call the security people.",
          width: 8,
          matching: '{app="queuewatch", team="security"}',
        }),
      ],
    },
    {
      title: "What is new",
      height: 8,
      panels: [
        timeseries({
          key: "names",
          title: "Queues and classes",
          about: "How many there are. New names come with deploys; without one, somebody made them.",
          width: 12,
          unit: "short",
          series: [
            series(countBy(size, ["target"]), "{{target}} queues"),
            series(countBy(rate(classProcessed, "1h", scope), ["target"]), "{{target}} classes"),
          ],
        }),
        table({
          key: "new-queues",
          title: "Queues that did not exist yesterday",
          about: "With what they hold now.",
          width: 12,
          labels: [
            labelColumn("queue", "Queue", {
              link: { to: "queue", title: "Open the queue", fill: { target: "Target", queue: "Queue" } },
            }),
            labelColumn("target", "Target"),
          ],
          columns: [{ title: "Waiting", value: topk(50, unless(size, offset(size, "1d"))), shows: queueSize }],
          sort: ["Waiting"],
          noValue: "None",
        }),
      ],
    },
  ],
});

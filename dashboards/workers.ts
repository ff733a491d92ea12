import { workersSaturated } from "../alerting/workers/workers-saturated.ts";
import { limitOf } from "../src/generate/dashboard/alert-limit.ts";
import {
  jobLost,
  workerBusy,
  workerCount,
  workerCpuTime,
  workerHeartbeatAge,
  workerInfo,
  workerLost,
  workerMemory,
  workerMinimum,
  workerNetworkIo,
  workerRedisRtt,
  workerSlots,
  workerStarted,
  workerStopped,
} from "../src/catalogue/jobqueue.ts";
import {
  dashboard,
  labelColumn,
  noneIsGood,
  plain,
  series,
  stat,
  table,
  timeseries,
  worseAbove,
  worseBelow,
} from "../src/generate/dashboard/panels.ts";
import * as queries from "../src/generate/dashboard/queries.ts";
import { above, divide, increase, rate, select, sumBy, maxBy, topk } from "../src/promql/promql.ts";

const scope = queries.targetScope;
const hosts = queries.hostScope;
const byHost = ["host.name"] as const;
const inState = (state: string) => sumBy(select(workerCount, { ...scope, state }), []);
const slots = sumBy(select(workerSlots, hosts), byHost);
const busy = sumBy(select(workerBusy, hosts), byHost);
const toHost = { to: "workers", title: "Only this host", fill: { host: "host_name" } } as const;

export default dashboard({
  name: "workers",
  title: "queuewatch / Workers",
  description: "Are there enough workers, are they alive, and do they have room. By host.",
  variables: ["environment", "target", "system", "host"],
  from: "now-6h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "active-now",
          title: "Active",
          about: "Workers that take jobs.",
          width: 4,
          shows: workerCount,
          thresholds: worseBelow(1, 1),
          series: [series(inState("active"), "active")],
        }),
        stat({
          key: "quiet-now",
          title: "Quiet",
          about: "Workers that finish what they have and take nothing new, as before a deploy.",
          width: 4,
          shows: workerCount,
          thresholds: plain,
          series: [series(inState("quiet"), "quiet")],
        }),
        stat({
          key: "lost-now",
          title: "Lost",
          about: "Workers that are registered but give no sign of life.",
          width: 4,
          shows: workerCount,
          thresholds: noneIsGood,
          filled: true,
          series: [series(inState("lost"), "lost")],
        }),
        stat({
          key: "utilisation-now",
          title: "Busy slots",
          about: "Share of the job slots that execute a job. At 100 % new jobs wait.",
          width: 4,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseAbove(0.8, limitOf(workersSaturated, "share")),
          noValue: "No slots",
          series: [
            series(
              divide(sumBy(select(workerBusy, hosts), []), above(sumBy(select(workerSlots, hosts), []), 0)),
              "busy",
            ),
          ],
        }),
        stat({
          key: "lost-workers-today",
          title: "Workers lost",
          about: "In the chosen time.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(sumBy(increase(workerLost, "$__range", scope), []), "lost")],
        }),
        stat({
          key: "lost-jobs-today",
          title: "Jobs presumed lost",
          about: "In the chosen time, at most: what lost workers held and what was not seen again.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(sumBy(increase(jobLost, "$__range", scope), []), "lost")],
          noValue: "0",
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "states",
          title: "Workers by state",
          about: "Dashed: the least number of active workers that is configured.",
          width: 12,
          shows: workerCount,
          draw: "stack",
          series: [
            series(inState("active"), "active", { color: "green" }),
            series(inState("quiet"), "quiet", { color: "blue" }),
            series(inState("lost"), "lost", { color: "red" }),
            series(maxBy(select(workerMinimum, scope), ["target"]), "{{target}} minimum", { look: "warning" }),
          ],
        }),
        timeseries({
          key: "slots",
          title: "Slots and running jobs by host",
          about: "When the running jobs reach the slots, new jobs wait.",
          width: 12,
          shows: workerSlots,
          series: [
            series(topk(20, busy), "{{host_name}} busy"),
            series(topk(20, slots), "{{host_name}} slots", { look: "past" }),
          ],
          link: toHost,
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "memory",
          title: "Memory by host",
          about: "Of all workers of the host together. A line that only climbs is a leak.",
          width: 8,
          shows: workerMemory,
          series: [series(topk(20, sumBy(select(workerMemory, hosts), byHost)), byHost)],
          link: toHost,
        }),
        timeseries({
          key: "cpu",
          title: "CPU by host, cores",
          about: "Only where the agent runs beside the workers and may see their processes.",
          width: 8,
          unit: "short",
          series: [series(topk(20, sumBy(rate(workerCpuTime, "$__rate_interval", hosts), byHost)), byHost)],
          link: toHost,
        }),
        timeseries({
          key: "network",
          title: "Network of the workers",
          about: "Only where the agent runs beside the workers and may see their processes.",
          width: 8,
          unit: "Bps",
          series: [series(sumBy(rate(workerNetworkIo, "$__rate_interval", hosts), ["direction"]), ["direction"])],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "heartbeat",
          title: "Age of the last heartbeat by host",
          about: "The oldest of each host. A worker is lost after three periods (Sidekiq 15 to 30 s, Resque 180 s).",
          width: 8,
          shows: workerHeartbeatAge,
          series: [series(topk(20, maxBy(select(workerHeartbeatAge, hosts), byHost)), byHost)],
          link: toHost,
        }),
        timeseries({
          key: "round-trip",
          title: "Round trip to Redis by host",
          about: "As the workers measured it. Slow on one host: its network; on all: Redis.",
          width: 8,
          shows: workerRedisRtt,
          series: [series(topk(20, maxBy(select(workerRedisRtt, hosts), byHost)), byHost)],
          link: { to: "redis", title: "Open Redis", fill: {} },
        }),
        timeseries({
          key: "coming-and-going",
          title: "Workers started, stopped and lost",
          about: "In each bar's time. Many starts without deploys are crashes.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(sumBy(increase(workerStarted, "$__rate_interval", scope), []), "started", { color: "green" }),
            series(sumBy(increase(workerStopped, "$__rate_interval", scope), []), "stopped", { color: "blue" }),
            series(sumBy(increase(workerLost, "$__rate_interval", scope), []), "lost", { color: "red" }),
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        table({
          key: "hosts",
          title: "Hosts",
          about: "The busiest first.",
          width: 12,
          labels: [
            labelColumn("host.name", "Host", {
              link: { to: "workers", title: "Only this host", fill: { host: "Host" } },
            }),
          ],
          columns: [
            {
              title: "Busy",
              value: divide(busy, above(slots, 0)),
              unit: "percentunit",
              decimals: 0,
              min: 0,
              max: 1,
              thresholds: worseAbove(0.8, limitOf(workersSaturated, "share")),
              cell: "gauge",
            },
            { title: "Slots", value: slots, shows: workerSlots },
            { title: "Memory", value: sumBy(select(workerMemory, hosts), byHost), shows: workerMemory },
            { title: "Heartbeat", value: maxBy(select(workerHeartbeatAge, hosts), byHost), unit: "s", decimals: 0 },
          ],
          sort: ["Busy"],
        }),
        timeseries({
          key: "lost-jobs",
          title: "Jobs presumed lost, at most",
          about: "By class, in each bar's time.",
          width: 6,
          unit: "short",
          draw: "bars",
          series: [series(sumBy(increase(jobLost, "$__rate_interval", scope), ["job.class"]), ["job.class"])],
        }),
        timeseries({
          key: "versions",
          title: "Workers by version",
          about: "Of the job system. Two at once for long is a deploy that did not finish.",
          width: 6,
          shows: workerInfo,
          draw: "stack",
          series: [series(sumBy(select(workerInfo, scope), ["version"]), ["version"])],
        }),
      ],
    },
  ],
});

import * as agent from "../src/catalogue/queuewatch.ts";
import type { Mapping } from "../src/generate/dashboard/model.ts";
import { agentSilent } from "../alerting/agent/agent-silent.ts";
import { limitsOf } from "../src/generate/dashboard/alert-limit.ts";
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
import { agentScope, agentTargetScope, targetScope } from "../src/generate/dashboard/queries.ts";
import {
  anyOf,
  avgBy,
  divide,
  increase,
  lastSeen,
  maxBy,
  minBy,
  observationRate,
  observedRate,
  quantile,
  rate,
  select,
  subtract,
  sumBy,
  time,
} from "../src/promql/promql.ts";

const now = "$__rate_interval" as const;
const byTarget = ["target"] as const;
const dataAge = subtract(time(), lastSeen(agent.targetUp, targetScope));
const lost = { ...agentScope, outcome: anyOf(["rejected", "dropped"]) };
const up = select(agent.targetUp, targetScope);
const words: readonly Mapping[] = [
  { value: 1, text: "Read", color: "green" },
  { value: 0, text: "Not read", color: "red" },
];
const points = (outcome: "delivered" | "rejected" | "dropped") =>
  sumBy(rate(agent.exportPoints, now, { ...agentScope, outcome }), ["destination"]);

export default dashboard({
  name: "agent",
  title: "queuewatch / Agent",
  description: "Whether the watching itself works: targets read, data delivered, what it costs.",
  variables: ["environment", "target", "system"],
  from: "now-6h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "up-now",
          title: "Targets read",
          about: "Share of the targets that the last tick could read.",
          width: 4,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseBelow(0.5, 1),
          filled: true,
          noValue: "No agent",
          series: [series(avgBy(up, []), "read")],
        }),
        stat({
          key: "age-now",
          title: "Age of the data",
          about: "How long ago the agent last said anything of its oldest target.",
          width: 4,
          unit: "s",
          decimals: 0,
          thresholds: worseAbove(...limitsOf(agentSilent)),
          noValue: "No agent",
          series: [series(maxBy(dataAge, []), "age")],
        }),
        stat({
          key: "errors-now",
          title: "Errors while reading",
          about: "In the chosen time.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          noValue: "0",
          series: [series(sumBy(increase(agent.collectionErrors, "$__range", agentTargetScope), []), "errors")],
        }),
        stat({
          key: "lost-now",
          title: "Data points lost",
          about: "Rejected by a destination or dropped from a full buffer, in the chosen time.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          noValue: "0",
          series: [series(sumBy(increase(agent.exportPoints, "$__range", lost), []), "points")],
        }),
        stat({
          key: "memory-now",
          title: "Memory",
          about: "Of the agent; of several the largest.",
          width: 4,
          shows: agent.processMemoryUsage,
          thresholds: plain,
          series: [series(maxBy(select(agent.processMemoryUsage, agentScope), []), "memory")],
        }),
        stat({
          key: "uptime-now",
          title: "Running for",
          about: "Since the agent started; of several the youngest.",
          width: 4,
          shows: agent.processUptime,
          thresholds: plain,
          series: [series(minBy(select(agent.processUptime, agentScope), []), "uptime")],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        table({
          key: "targets",
          title: "Targets",
          about: "Whether each was read, when, and how long that took.",
          width: 8,
          labels: [
            labelColumn("target", "Target", {
              link: { to: "overview", title: "Open the overview", fill: { target: "Target" } },
            }),
          ],
          columns: [
            { title: "State", value: minBy(up, byTarget), mappings: words, cell: "text" },
            {
              title: "Data",
              value: maxBy(dataAge, byTarget),
              unit: "s",
              decimals: 0,
              thresholds: worseAbove(...limitsOf(agentSilent)),
              cell: "text",
            },
            {
              title: "Mean read",
              value: divide(
                sumBy(observedRate(agent.collectionDuration, "10m", agentTargetScope), byTarget),
                sumBy(observationRate(agent.collectionDuration, "10m", agentTargetScope), byTarget),
              ),
              unit: "s",
            },
            {
              title: "Series",
              value: sumBy(select(agent.seriesActive, agentTargetScope), byTarget),
              shows: agent.seriesActive,
            },
          ],
          sort: ["Data"],
        }),
        timeseries({
          key: "duration",
          title: "Reading a target takes",
          about: "95 % of the reads are faster.",
          width: 8,
          shows: agent.collectionDuration,
          series: [
            series(
              quantile(0.95, agent.collectionDuration, { window: now, by: byTarget, where: agentTargetScope }),
              byTarget,
            ),
          ],
        }),
        timeseries({
          key: "errors",
          title: "Errors while reading",
          about: "By target and code, in each bar's time.",
          width: 8,
          unit: "short",
          draw: "bars",
          series: [
            series(sumBy(increase(agent.collectionErrors, now, agentTargetScope), ["target", "error.type"]), [
              "target",
              "error.type",
            ]),
          ],
        }),
      ],
    },
    {
      title: "What it costs Redis",
      height: 7,
      panels: [
        timeseries({
          key: "commands",
          title: "Commands per second",
          about: "That the agent sends to each target.",
          width: 8,
          unit: "short",
          series: [series(sumBy(rate(agent.redisCommands, now, agentTargetScope), byTarget), byTarget)],
        }),
        timeseries({
          key: "received",
          title: "Received from Redis",
          about: "By the agent, from each target.",
          width: 8,
          unit: "Bps",
          series: [series(sumBy(rate(agent.redisReceived, now, agentTargetScope), byTarget), byTarget)],
        }),
        timeseries({
          key: "series",
          title: "Series",
          about: "Exported, and left out because a limit was reached.",
          width: 8,
          shows: agent.seriesActive,
          series: [
            series(sumBy(select(agent.seriesActive, agentTargetScope), byTarget), byTarget),
            series(
              sumBy(increase(agent.seriesDropped, now, agentTargetScope), ["target", "reason"]),
              "{{target}} dropped, {{reason}}",
              { look: "critical" },
            ),
          ],
        }),
      ],
    },
    {
      title: "What it sends",
      height: 7,
      panels: [
        timeseries({
          key: "points",
          title: "Data points per second",
          about: "Delivered above zero; rejected by the destination and dropped from a full buffer below.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [
            series(points("delivered"), "{{destination}} delivered", { color: "green" }),
            series(points("rejected"), "{{destination}} rejected", { look: "below zero" }),
            series(points("dropped"), "{{destination}} dropped", { look: "below zero" }),
          ],
        }),
        timeseries({
          key: "queued",
          title: "Data points waiting",
          about: "In each destination's buffer. A line that climbs: the destination does not answer.",
          width: 8,
          shows: agent.exportQueued,
          draw: "area",
          series: [series(select(agent.exportQueued, agentScope), ["destination"])],
        }),
        timeseries({
          key: "own-resources",
          title: "CPU and memory of the agent",
          about: "CPU in cores on the left, memory on the right.",
          width: 8,
          unit: "percentunit",
          series: [
            series(sumBy(rate(agent.processCpuTime, now, agentScope), []), "CPU"),
            series(maxBy(select(agent.processMemoryUsage, agentScope), []), "memory", { unit: "bytes" }),
          ],
        }),
      ],
    },
  ],
});

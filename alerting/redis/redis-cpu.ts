import { redisCpuTime } from "../../src/catalogue/redis.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const main = { state: q.anyOf(["sys", "user"]) };
const busy = q.sumBy(q.rate(redisCpuTime, "5m", main), targetLabels);
const over = ({ limit }: Given, level: "warning" | "critical") => whileReadable(q.above(busy, limit(level)));

export const redisCpu = defineAlert({
  name: "RedisCpuHigh",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "cpu" },
  thresholds: {
    warning: { value: 0.8, unit: "ratio", meaning: "Share of a core, for a warning." },
    critical: { value: 0.97, unit: "ratio", meaning: "Share of a core, to be critical." },
  },
  levels: [
    { severity: "warning", for: "5m", keepFiring: "10m", expr: (given) => over(given, "warning") },
    { severity: "critical", for: "10m", keepFiring: "10m", expr: (given) => over(given, "critical") },
  ],
  summary: (t) => `Redis of ${t.label("target")} uses ${t.value("ratio")} of a core`,
  description: (t) => `Redis of ${t.label("target")} uses ${t.value("ratio")} of a core; it executes commands on one.`,
  runbook: {
    meaning: "Redis executes commands on one core, and that is nearly used up.",
    impact: "Every client waits; throughput cannot rise any more.",
    diagnosis: ["Which commands? Too many idle pollers, large sets, Lua scripts, KEYS?"],
    look: ["redisSlowlog", "redisClients"],
    mitigation: ["Fewer pollers, larger batches, a Redis of its own for the busiest queues."],
    act: ["throttleProducers", "closeRedis"],
  },
  tests: [
    {
      title: "used up",
      series: [sample(redisCpuTime, { state: "user" }, "0+60x60")],
      at: "30m",
      fires: ["warning", "critical"],
    },
    {
      title: "much",
      series: [sample(redisCpuTime, { state: "user" }, "0+40x60"), sample(redisCpuTime, { state: "sys" }, "0+13x60")],
      at: "30m",
      fires: ["warning"],
    },
    {
      title: "its children save a snapshot",
      series: [
        sample(redisCpuTime, { state: "user" }, "0+6x60"),
        sample(redisCpuTime, { state: "user_children" }, "0+60x60"),
      ],
      at: "30m",
      fires: [],
    },
  ],
});

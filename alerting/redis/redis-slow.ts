import { redisPingTime } from "../../src/catalogue/redis.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualPing } from "../baselines.ts";
import { notUsual, targetLabels, whileReadable } from "../scopes.ts";

function slow({ usual, limit }: Given, level: "warning" | "critical") {
  const high = q.above(q.quantileOverTime(0.5, q.range(redisPingTime, "5m")), limit(level));
  return whileReadable<(typeof targetLabels)[number]>(notUsual(high, usual(usualPing), 3));
}

export const redisSlow = defineAlert({
  name: "RedisSlow",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "ping" },
  thresholds: {
    warning: { value: 0.03, unit: "duration", meaning: "Round trip of a PING, for a warning." },
    critical: { value: 0.3, unit: "duration", meaning: "Round trip of a PING, to be critical." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "5m", expr: (given) => slow(given, "warning") },
    { severity: "critical", for: "4m", keepFiring: "5m", expr: (given) => slow(given, "critical") },
  ],
  summary: (t) => `Redis of ${t.label("target")} answers after ${t.value("duration")}`,
  description: (t) =>
    `A PING to Redis of ${t.label("target")} takes ${t.value("duration")}; usual is a third of it at most.`,
  runbook: {
    meaning: "Half of the PINGs of five minutes took longer than the limit and three times the usual.",
    impact: "Every job costs several round trips: throughput falls, web requests that enqueue get slow.",
    diagnosis: ["Slow commands (KEYS, large LRANGE)? A fork or a full disk? CPU at its limit? The network?"],
    look: ["redisSlowlog", "redisPing", "redisClients"],
    mitigation: ["Stop what sends the slow commands; move heavy readers to a replica."],
    act: ["closeRedis", "restoreRedis"],
  },
  tests: [
    {
      title: "very slow",
      series: [sample(redisPingTime, {}, "0.001x30 0.6x30")],
      at: "45m",
      fires: ["warning", "critical"],
    },
    { title: "slow", series: [sample(redisPingTime, {}, "0.001x30 0.08x30")], at: "45m", fires: ["warning"] },
    { title: "one slow answer", series: [sample(redisPingTime, {}, "0.001x30 2 0.001x30")], at: "33m", fires: [] },
    { title: "far away, as always", series: [sample(redisPingTime, {}, "0.09x2960")], at: "2920m", fires: [] },
  ],
});

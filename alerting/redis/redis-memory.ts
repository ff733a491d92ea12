import { redisMaxmemory, redisMemoryUsed } from "../../src/catalogue/redis.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const limited = q.above(q.select(redisMaxmemory), 0);
const share = q.divide(q.select(redisMemoryUsed), limited);
const soon = q.divide(q.predictLinear(q.range(redisMemoryUsed, "15m"), 3_600), limited);

const over = ({ limit }: Given, level: "warning" | "critical") => q.above(share, limit(level));

export const redisMemoryHigh = defineAlert({
  name: "RedisMemoryHigh",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "memory" },
  thresholds: {
    warning: { value: 0.8, unit: "ratio", meaning: "Share of maxmemory, for a warning." },
    critical: { value: 0.9, unit: "ratio", meaning: "Share of maxmemory, to be critical." },
    filling: {
      value: 0.6,
      unit: "ratio",
      meaning: "Share from which on it warns when the memory would be full in an hour.",
    },
  },
  levels: [
    {
      severity: "warning",
      for: "2m",
      keepFiring: "10m",
      expr: (given) => {
        const filling = q.and(q.above(share, given.limit("filling")), q.above(soon, 1));
        return whileReadable<(typeof targetLabels)[number]>(q.or(over(given, "warning"), filling));
      },
    },
    {
      severity: "critical",
      for: "2m",
      keepFiring: "5m",
      expr: (given) => whileReadable<(typeof targetLabels)[number]>(over(given, "critical")),
    },
  ],
  summary: (t) => `Redis of ${t.label("target")} has used ${t.value("ratio")} of its memory`,
  description: (t) =>
    `${t.value("ratio")} of maxmemory is used. When it is full, Redis refuses jobs (noeviction) or throws keys away.`,
  runbook: {
    meaning: "Memory is close to maxmemory, or will be within an hour at this pace.",
    impact: "Full: enqueuing fails in the application (noeviction), or jobs vanish (any other policy).",
    diagnosis: ["Which queue or set holds it? Many jobs, or large payloads? Other users of the same Redis?"],
    look: ["redisMemory", "queueSize", "redisPolicy"],
    mitigation: ["Raise maxmemory if the host has room; drain or move aside the largest queue; never FLUSH."],
    act: ["freeRedisMemory", "throttleProducers"],
  },
  tests: [
    {
      title: "nearly full",
      series: [sample(redisMemoryUsed, {}, "95x30"), sample(redisMaxmemory, {}, "100x30")],
      at: "10m",
      fires: ["warning", "critical"],
    },
    {
      title: "high",
      series: [sample(redisMemoryUsed, {}, "85x30"), sample(redisMaxmemory, {}, "100x30")],
      at: "10m",
      fires: ["warning"],
    },
    {
      title: "filling up",
      series: [sample(redisMemoryUsed, {}, "40+2x30"), sample(redisMaxmemory, {}, "100x30")],
      at: "16m",
      fires: ["warning"],
    },
    {
      title: "no limit",
      series: [sample(redisMemoryUsed, {}, "95x30"), sample(redisMaxmemory, {}, "0x30")],
      at: "10m",
      fires: [],
    },
  ],
});

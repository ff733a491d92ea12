import { redisClientsConnected, redisClientsLimit, redisConnectionsRejected } from "../../src/catalogue/redis.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualClients } from "../baselines.ts";
import { exceeds, targetLabels, whileReadable } from "../scopes.ts";

const connected = q.select(redisClientsConnected);
const over = ({ limit }: Given, level: "warning" | "critical") =>
  q.and(connected, q.above(q.divide(connected, q.select(redisClientsLimit)), limit(level)));
const rejected = q.and(connected, q.above(q.increase(redisConnectionsRejected, "5m"), 0));

export const redisClientsHigh = defineAlert({
  name: "RedisClientsHigh",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "clients" },
  thresholds: {
    warning: { value: 0.75, unit: "ratio", meaning: "Share of maxclients, for a warning." },
    critical: { value: 0.9, unit: "ratio", meaning: "Share of maxclients, to be critical." },
    factor: { value: 3, unit: "ratio", meaning: "Times the usual number of clients, for a warning." },
    floor: { value: 100, unit: "count", meaning: "Clients below which the usual number is not looked at." },
  },
  levels: [
    {
      severity: "warning",
      for: "3m",
      keepFiring: "10m",
      expr: (given) => {
        const size = { factor: given.limit("factor"), floor: given.limit("floor") };
        const unusual = exceeds(connected, given.usual(usualClients), size);
        return whileReadable<(typeof targetLabels)[number]>(q.or(over(given, "warning"), unusual));
      },
    },
    {
      severity: "critical",
      for: "2m",
      keepFiring: "5m",
      expr: (given) => whileReadable<(typeof targetLabels)[number]>(q.or(over(given, "critical"), rejected)),
    },
  ],
  summary: (t) => `${t.value("count")} clients are connected to Redis of ${t.label("target")}`,
  description: (t) =>
    `${t.value("count")} clients are connected to Redis of ${t.label("target")}: close to maxclients, or a multiple of the usual number.`,
  runbook: {
    meaning: "Connections near the limit, refused, or far more than usual.",
    impact: "At the limit Redis refuses new ones: workers and web processes fail.",
    diagnosis: ["Whose connections? A pool without a bound, a leak, a crash loop that leaves them open, a stranger?"],
    look: ["redisClients", "workers"],
    mitigation: ["Restart what leaks; bound the pools; close Redis to whoever has no business there."],
    act: ["closeRedis", "restartWorkers"],
  },
  tests: [
    {
      title: "at the limit",
      series: [sample(redisClientsConnected, {}, "950x30"), sample(redisClientsLimit, {}, "1000x30")],
      at: "10m",
      fires: ["warning", "critical"],
    },
    {
      title: "close",
      series: [sample(redisClientsConnected, {}, "800x30"), sample(redisClientsLimit, {}, "1000x30")],
      at: "10m",
      fires: ["warning"],
    },
    {
      title: "five times as many as usual",
      series: [sample(redisClientsConnected, {}, "50x2900 250x60"), sample(redisClientsLimit, {}, "10000x2960")],
      at: "2920m",
      fires: ["warning"],
    },
    {
      title: "few",
      series: [sample(redisClientsConnected, {}, "50x30"), sample(redisClientsLimit, {}, "1000x30")],
      at: "10m",
      fires: [],
    },
  ],
});

import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels } from "../scopes.ts";

const down = () => q.equal(q.select(targetUp), 0);

export const redisUnreachable = defineAlert({
  name: "RedisUnreachable",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "overview", panel: "targets" },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "2m", expr: down },
    { severity: "critical", for: "2m", keepFiring: "2m", expr: down },
  ],
  summary: (t) => `${t.label("target")} cannot be read: is its Redis down?`,
  description: (t) =>
    `queuewatch is running, but could not read ${t.label("target")}. All other alerts of the target are silent meanwhile.`,
  runbook: {
    meaning: "The agent could not read the target: Redis does not answer, refuses, is loading, or takes too long.",
    impact: "Very likely workers and producers cannot reach it either: jobs are neither accepted nor done.",
    diagnosis: [
      "Does Redis answer from another host? From the agent's host? The agent's log names the reason.",
      "Loading after a restart, failover going on, password changed, network closed?",
    ],
    look: ["redisPing", "agentCheck"],
    mitigation: ["Bring Redis back; look after persistence before any restart of it, or jobs may be lost."],
    act: ["restoreRedis"],
  },
  tests: [
    { title: "down", series: [sample(targetUp, {}, "1x10 0x30")], at: "15m", fires: ["warning", "critical"] },
    { title: "just down", series: [sample(targetUp, {}, "1x10 0x30")], at: "12m", fires: ["warning"] },
    { title: "one bad scrape", series: [sample(targetUp, {}, "1x10 0 1x30")], at: "11m", fires: [] },
  ],
});

import { payloadInvalid } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileReadable } from "../scopes.ts";

const labels = [...queueLabels, "error.type"] as const;
const seen = q.increase(payloadInvalid, "10m");
const malformed = { queue: "default", "error.type": "malformed" };

export const invalidPayloads = defineAlert({
  name: "InvalidPayloads",
  category: "failure",
  team: "security",
  labels,
  panel: { dashboard: "threats", panel: "invalid" },
  thresholds: {
    warning: { value: 2, unit: "count", meaning: "Invalid payloads in ten minutes, for a warning." },
    critical: { value: 20, unit: "count", meaning: "Invalid payloads in ten minutes, to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "0m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable<(typeof labels)[number]>(q.above(seen, limit("warning") - 0.5)),
    },
    {
      severity: "critical",
      for: "1m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable<(typeof labels)[number]>(q.above(seen, limit("critical"))),
    },
  ],
  summary: (t) => `Invalid payloads in queue ${t.label("queue")} of ${t.label("target")}: ${t.label("error.type")}`,
  description: (t) =>
    `${t.value("count")} payloads of ${t.label("queue")} in ten minutes were no jobs (${t.label("error.type")}). Whoever wrote them does not use the job system's own client.`,
  runbook: {
    meaning:
      "Something was written into the queue that is not a job: malformed, without a class, or with absurd times.",
    impact: "Workers may crash on it; somebody or something unknown can write to this Redis.",
    diagnosis: [
      "Which clients are connected, from which addresses? Is Redis reachable from where it should not be?",
      "Did a producer in another language, or an old version, start to write here?",
    ],
    look: ["queueHead", "redisClients", "redisAcl"],
    mitigation: ["Keep the payloads as evidence; close the way in: network, password, ACL; then remove them."],
    act: ["protectEvidence", "quarantineJobs", "closeRedis"],
  },
  tests: [
    {
      title: "many",
      series: [sample(payloadInvalid, malformed, "0x10 0+10x40")],
      at: "25m",
      fires: ["warning", "critical"],
    },
    { title: "three", series: [sample(payloadInvalid, malformed, "0x10 1 2 3x40")], at: "14m", fires: ["warning"] },
    { title: "a single one", series: [sample(payloadInvalid, malformed, "0x10 1x40")], at: "15m", fires: [] },
    { title: "long ago", series: [sample(payloadInvalid, malformed, "500x60")], at: "50m", fires: [] },
  ],
});

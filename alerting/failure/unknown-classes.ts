import { failureRecorded } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileReadable } from "../scopes.ts";

const labels = [...queueLabels, "job.class"] as const;
/** What Ruby raises for a class that is not there, and what ActiveJob makes of it. */
const unknown = q.matches("NameError|uninitialized constant.*|ActiveJob::UnknownJobClassError");
const seen = q.sumBy(q.increase(failureRecorded, "15m", { "error.type": unknown }), labels);
const stranger = { queue: "default", "job.class": "EvilJob", "error.type": "NameError" };

export const unknownClasses = defineAlert({
  name: "UnknownJobClass",
  category: "failure",
  team: "security",
  labels,
  panel: { dashboard: "threats", panel: "new-errors" },
  thresholds: {
    warning: { value: 3, unit: "count", meaning: "Failures in a quarter of an hour, for a warning." },
    critical: { value: 40, unit: "count", meaning: "Failures in a quarter of an hour, to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "2m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable<(typeof labels)[number]>(q.above(seen, limit("warning") - 0.5)),
    },
    {
      severity: "critical",
      for: "5m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable<(typeof labels)[number]>(q.above(seen, limit("critical"))),
    },
  ],
  summary: (t) =>
    `Jobs of the unknown class ${t.label("job.class")} in queue ${t.label("queue")} of ${t.label("target")}`,
  description: (t) =>
    `${t.value("count")} jobs of ${t.label("job.class")} failed in a quarter of an hour because workers do not know the class.`,
  runbook: {
    meaning: "Workers are asked to run a class, or a name in it, that does not exist (NameError).",
    impact: "Either a deploy put workers behind producers, or somebody tries class names out.",
    diagnosis: [
      "Was there a deploy? Do all workers run the same version?",
      "If the name means nothing to you, who can write to Redis?",
    ],
    look: ["retrySet", "failedList", "redisClients"],
    mitigation: ["Deploy: bring the workers up to date, retries will pass. Unknown name: treat as an intrusion."],
    act: ["rollback", "protectEvidence", "closeRedis"],
  },
  tests: [
    {
      title: "many",
      series: [sample(failureRecorded, stranger, "0x10 0+10x40")],
      at: "30m",
      fires: ["warning", "critical"],
    },
    { title: "some", series: [sample(failureRecorded, stranger, "0x10 2 4 6x40")], at: "16m", fires: ["warning"] },
    {
      title: "another error",
      series: [sample(failureRecorded, { ...stranger, "error.type": "Timeout::Error" }, "0x10 0+10x40")],
      at: "30m",
      fires: [],
    },
    {
      title: "one job during a deploy",
      series: [sample(failureRecorded, stranger, "0x10 1x40")],
      at: "16m",
      fires: [],
    },
  ],
});

import { jobLost } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const lost = q.sumBy(q.increase(jobLost, "15m"), targetLabels);

export const jobsLost = defineAlert({
  name: "JobsPresumedLost",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "lost-jobs" },
  thresholds: {
    warning: { value: 3, unit: "count", meaning: "Jobs in a quarter of an hour, for a warning." },
    critical: { value: 50, unit: "count", meaning: "Jobs in a quarter of an hour, to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "0m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable(q.above(lost, limit("warning") - 0.5)),
    },
    {
      severity: "critical",
      for: "1m",
      keepFiring: "15m",
      expr: ({ limit }) => whileReadable(q.above(lost, limit("critical"))),
    },
  ],
  summary: (t) => `${t.value("count")} jobs of ${t.label("target")} are presumed lost`,
  description: (t) =>
    `${t.value("count")} jobs that lost workers of ${t.label("target")} held were not seen again. An upper bound.`,
  runbook: {
    meaning: "Workers died with jobs in hand, and the jobs came back nowhere: no queue, no retry, no failure.",
    impact: "This work is not done, and nobody will retry it. Sidekiq without super_fetch and Resque lose such jobs.",
    diagnosis: ["Which classes? The Workers dashboard lists them. Some may have finished before the worker died."],
    look: ["workers", "counters"],
    mitigation: ["Run again what the application can tell was not done; make it safe to run twice first."],
    act: ["requeueSafely", "protectEvidence"],
  },
  tests: [
    {
      title: "many",
      series: [sample(jobLost, { "job.class": "ChargeJob" }, "0x20 90x60")],
      at: "26m",
      fires: ["warning", "critical"],
    },
    {
      title: "a few",
      series: [sample(jobLost, { "job.class": "ChargeJob" }, "0x20 4x60")],
      at: "25m",
      fires: ["warning"],
    },
    { title: "one", series: [sample(jobLost, { "job.class": "ChargeJob" }, "0x20 1x60")], at: "25m", fires: [] },
    { title: "long ago", series: [sample(jobLost, { "job.class": "ChargeJob" }, "400x90")], at: "60m", fires: [] },
  ],
});

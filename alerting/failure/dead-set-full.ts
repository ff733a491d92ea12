import { setSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const labels = [...targetLabels, "set"] as const;
const dead = { set: "dead" } as const;
const grewToday = q.above(q.subtract(q.select(setSize, dead), q.minOverTime(q.range(setSize, "1d", dead))), 0);

export const deadSetFull = defineAlert({
  name: "DeadSetNearlyFull",
  category: "failure",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "failure-share" },
  thresholds: {
    limit: { value: 10_000, unit: "count", meaning: "What the dead set holds at most (Sidekiq's default)." },
    share: { value: 0.9, unit: "ratio", meaning: "Share of it for a warning." },
  },
  levels: [
    {
      severity: "warning",
      for: "10m",
      keepFiring: "30m",
      expr: ({ limit }) => {
        const full = q.above(q.select(setSize, dead), limit("limit") * limit("share"));
        return whileReadable<(typeof labels)[number]>(q.and(full, grewToday));
      },
    },
  ],
  summary: (t) => `The dead set of ${t.label("target")} is nearly full: ${t.value("count")} jobs`,
  description: (t) =>
    `The dead set of ${t.label("target")} holds ${t.value("count")} jobs and grew today; when full, Sidekiq forgets the oldest.`,
  runbook: {
    meaning: "Sidekiq keeps 10,000 dead jobs for at most six months. Past that the oldest are dropped without a trace.",
    impact: "Jobs that could still be requeued, and evidence, get lost.",
    diagnosis: ["See which classes the set consists of and how old they are."],
    look: ["deadSet"],
    mitigation: ["Export what may be needed, requeue what should run, delete what is known to be useless."],
    act: ["requeueSafely", "protectEvidence"],
  },
  tests: [
    { title: "nearly full", series: [sample(setSize, dead, "9000+5x90")], at: "60m", fires: ["warning"] },
    { title: "half full", series: [sample(setSize, dead, "5000+5x90")], at: "60m", fires: [] },
    { title: "nearly full for long, and quiet", series: [sample(setSize, dead, "9500x90")], at: "60m", fires: [] },
  ],
});

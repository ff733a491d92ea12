import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import type { targetLabels } from "../scopes.ts";
import { targetLabels as labels } from "../scopes.ts";

type Label = (typeof targetLabels)[number];

/** Seconds since the agent last said anything about the target, as long as Prometheus still shows it. */
const age: q.Expr<Label> = q.subtract(q.time(), q.lastSeen(targetUp));

/** Old, or gone although it was there within three hours. */
function silent({ limit }: Given, level: "warning" | "critical"): q.Expr<Label> {
  const gone = q.unless(q.presentOverTime(q.range(targetUp, "3h")), q.select(targetUp));
  return q.or(q.above(age, limit(level)), gone);
}

export const agentSilent = defineAlert({
  name: "AgentSilent",
  category: "agent",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "data-age" },
  thresholds: {
    warning: { value: 120, unit: "duration", meaning: "Age of the newest data, for a warning." },
    critical: { value: 240, unit: "duration", meaning: "Age of the newest data, to be critical." },
  },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "1m", expr: (given) => silent(given, "warning") },
    { severity: "critical", for: "3m", keepFiring: "1m", expr: (given) => silent(given, "critical") },
  ],
  summary: (t) => `Nobody watches ${t.label("target")}: the agent is silent`,
  description: (t) => `No data about ${t.label("target")} arrives any more. Nothing else can raise an alarm for it.`,
  runbook: {
    meaning: "The agent is down, cut off, or what it sends is refused: nothing new about this target comes in.",
    impact: "Blind: a flood or dead workers would not be seen.",
    diagnosis: ["Does the agent run? What does its log say about exporting? Does the collector accept requests?"],
    look: ["agentCheck", "agentMetrics"],
    mitigation: [
      "Start the agent; until then, watch the job system's own pages. A target that was removed on purpose: silence it for three and a half hours; the alert ends by itself three hours after the last data.",
    ],
    act: ["restartAgent", "silenceWithEnd"],
  },
  tests: [
    { title: "gone", series: [sample(targetUp, {}, "1x10")], at: "25m", fires: ["warning", "critical"] },
    { title: "just gone", series: [sample(targetUp, {}, "1x10")], at: "14m", fires: ["warning"] },
    { title: "a restart of the agent", series: [sample(targetUp, {}, "1x10 _ 1x30")], at: "12m", fires: [] },
    {
      title: "gone for almost three hours",
      series: [sample(targetUp, {}, "1x10")],
      at: "185m",
      fires: ["warning", "critical"],
    },
    { title: "gone for three hours: it was meant", series: [sample(targetUp, {}, "1x10")], at: "200m", fires: [] },
    {
      title: "it runs, and Redis is down: another alert",
      series: [sample(targetUp, {}, "1x10 0x30")],
      at: "25m",
      fires: [],
    },
  ],
});

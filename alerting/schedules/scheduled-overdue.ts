import { setLag, setOverdue } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const labels = [...targetLabels, "set"] as const;
const lagging = ({ limit }: Given, level: "warning" | "critical") =>
  whileWorking<(typeof labels)[number]>(
    q.and(q.above(q.select(setLag), limit(level)), q.above(q.select(setOverdue), 0)),
  );
const due = sample(setOverdue, { set: "scheduled" }, "0x10 30x60");

export const scheduledOverdue = defineAlert({
  name: "ScheduledJobsOverdue",
  category: "schedules",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "targets" },
  thresholds: {
    warning: { value: 150, unit: "duration", meaning: "Overdue for a warning." },
    critical: { value: 600, unit: "duration", meaning: "Overdue to be critical." },
  },
  levels: [
    { severity: "warning", for: "2m", keepFiring: "5m", expr: (given) => lagging(given, "warning") },
    { severity: "critical", for: "2m", keepFiring: "5m", expr: (given) => lagging(given, "critical") },
  ],
  summary: (t) => `Jobs of the ${t.label("set")} set of ${t.label("target")} are ${t.value("duration")} overdue`,
  description: (t) =>
    `The most overdue job of the ${t.label("set")} set has been due for ${t.value("duration")} and was not moved to its queue.`,
  runbook: {
    meaning: "Delayed jobs or retries are due, and nothing moves them to their queues.",
    impact: "They run late; all at once when the poller comes back.",
    diagnosis: [
      "Sidekiq: every worker process polls; are they alive and not stuck? Resque: is resque-scheduler running?",
    ],
    look: ["scheduledSet", "schedules", "workers"],
    mitigation: ["Start or restart what moves them."],
    act: ["restartScheduler", "restartWorkers"],
  },
  tests: [
    {
      title: "for long",
      series: [due, sample(setLag, { set: "scheduled" }, "0x10 0+60x60")],
      at: "30m",
      fires: ["warning", "critical"],
    },
    {
      title: "for minutes",
      series: [due, sample(setLag, { set: "scheduled" }, "0x10 0+60x60")],
      at: "17m",
      fires: ["warning"],
    },
    {
      title: "for a poll or two",
      series: [due, sample(setLag, { set: "scheduled" }, "0x10 30 60 0x60")],
      at: "13m",
      fires: [],
    },
  ],
});

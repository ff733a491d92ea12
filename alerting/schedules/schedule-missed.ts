import { scheduleOverdue, workerCount } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const labels = [...targetLabels, "schedule"] as const;
const overdue = ({ limit }: Given, level: "warning" | "critical") =>
  whileWorking<(typeof labels)[number]>(q.above(q.select(scheduleOverdue), limit(level)));

export const scheduleMissed = defineAlert({
  name: "ScheduleMissed",
  category: "schedules",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "alerts" },
  thresholds: {
    warning: { value: 180, unit: "duration", meaning: "Overdue for a warning." },
    critical: { value: 1_800, unit: "duration", meaning: "Overdue to be critical." },
  },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "5m", expr: (given) => overdue(given, "warning") },
    { severity: "critical", for: "1m", keepFiring: "5m", expr: (given) => overdue(given, "critical") },
  ],
  summary: (t) => `Schedule ${t.label("schedule")} of ${t.label("target")} is ${t.value("duration")} overdue`,
  description: (t) => `The last due run of ${t.label("schedule")} has not happened for ${t.value("duration")}.`,
  runbook: {
    meaning: "A periodic job was due and was not enqueued.",
    impact: "What it does is not done: reports, clean-ups, payments. Nobody else will notice.",
    diagnosis: ["One schedule: was it renamed, disabled, or is its expression wrong? All: see SchedulerDown."],
    look: ["schedules"],
    mitigation: ["Mend the scheduler, then enqueue the missed run once by hand if it is safe."],
    act: ["restartScheduler", "requeueSafely"],
  },
  tests: [
    {
      title: "an hour late",
      series: [sample(scheduleOverdue, { schedule: "nightly" }, "0x20 0+60x90")],
      at: "70m",
      fires: ["warning", "critical"],
    },
    {
      title: "ten minutes late",
      series: [sample(scheduleOverdue, { schedule: "nightly" }, "0x20 0+60x90")],
      at: "32m",
      fires: ["warning"],
    },
    {
      title: "a minute late",
      series: [sample(scheduleOverdue, { schedule: "nightly" }, "0x20 60 60 0x60")],
      at: "22m",
      fires: [],
    },
    {
      title: "there is no worker to enqueue it: another alert",
      series: [
        sample(scheduleOverdue, { schedule: "nightly" }, "0x20 0+60x90"),
        sample(workerCount, { state: "active" }, "4x19 0x90"),
      ],
      at: "70m",
      fires: [],
    },
  ],
});

import { schedulerUp } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const down = () => whileWorking<(typeof targetLabels)[number]>(q.equal(q.select(schedulerUp), 0));

export const schedulerDown = defineAlert({
  name: "SchedulerDown",
  category: "schedules",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "overview", panel: "targets" },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "2m", expr: down },
    { severity: "critical", for: "5m", keepFiring: "2m", expr: down },
  ],
  summary: (t) => `No scheduler runs in ${t.label("target")}`,
  description: (t) =>
    `Nobody has held the scheduler's lock of ${t.label("target")} for minutes: delayed and periodic jobs do not start.`,
  runbook: {
    meaning: "The process that moves due jobs to their queues is gone, or cannot take its lock.",
    impact: "Delayed jobs, retries and periodic jobs stand still, and come all at once afterwards.",
    diagnosis: ["Is the process running? Is the lock held by a host that no longer exists?"],
    look: ["schedules", "scheduledSet"],
    mitigation: ["Start the scheduler. A stale lock expires; remove it by hand only when its holder is surely gone."],
    act: ["restartScheduler"],
  },
  tests: [
    { title: "gone", series: [sample(schedulerUp, {}, "1x10 0x60")], at: "20m", fires: ["warning", "critical"] },
    { title: "just gone", series: [sample(schedulerUp, {}, "1x10 0x60")], at: "13m", fires: ["warning"] },
    { title: "a change of leader", series: [sample(schedulerUp, {}, "1x10 0 1x60")], at: "12m", fires: [] },
  ],
});

import { classLongestRunning } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { longestRuns } from "../baselines.ts";
import { classLabels, exceeds, whileReadable } from "../scopes.ts";

const stuck = ({ usual, limit }: Given, level: "warning" | "critical") =>
  whileReadable<(typeof classLabels)[number]>(
    exceeds(q.select(classLongestRunning), usual(longestRuns), { factor: limit("factor"), floor: limit(level) }),
  );

export const jobStuck = defineAlert({
  name: "JobStuck",
  category: "workers",
  team: "operations",
  labels: classLabels,
  panel: { dashboard: "classes", panel: "longest-running" },
  thresholds: {
    warning: { value: 900, unit: "duration", meaning: "Never a warning before a job has run for so long." },
    critical: { value: 10_800, unit: "duration", meaning: "Never critical before a job has run for so long." },
    factor: { value: 3, unit: "ratio", meaning: "Times the longest run of a usual day." },
  },
  levels: [
    { severity: "warning", for: "2m", keepFiring: "5m", expr: (given) => stuck(given, "warning") },
    { severity: "critical", for: "5m", keepFiring: "5m", expr: (given) => stuck(given, "critical") },
  ],
  summary: (t) => `A ${t.label("job.class")} of ${t.label("target")} has run for ${t.value("duration")}`,
  description: (t) =>
    `A job of ${t.label("job.class")} has run for ${t.value("duration")}, several times the longest run of a usual day.`,
  runbook: {
    meaning: "One job runs far longer than any of its class does: it hangs, loops, or has too much to do.",
    impact: "It holds a slot, maybe a lock or a database connection. Several of them stop the queue.",
    diagnosis: ["What does it wait for? A stack trace (TTIN signal for Sidekiq) says it. Which arguments has it?"],
    look: ["workerJobs", "workers"],
    mitigation: ["Stop its worker gracefully; the job comes back and must be safe to run twice."],
    act: ["restartWorkers", "quarantineJobs"],
  },
  tests: [
    {
      title: "for hours",
      series: [sample(classLongestRunning, { "job.class": "ReportJob" }, "60x3000 60+60x300")],
      at: "3230m",
      fires: ["warning", "critical"],
    },
    {
      title: "for half an hour",
      series: [sample(classLongestRunning, { "job.class": "ReportJob" }, "60x3000 60+60x300")],
      at: "3030m",
      fires: ["warning"],
    },
    {
      title: "as long as every day",
      series: [sample(classLongestRunning, { "job.class": "ReportJob" }, "0+60x200 0x1240 0+60x200 0x1240 0+60x200")],
      at: "3070m",
      fires: [],
    },
    {
      title: "a class never seen before",
      series: [sample(classLongestRunning, { "job.class": "ReportJob" }, "_x3000 60+60x300")],
      at: "3030m",
      fires: [],
    },
  ],
});

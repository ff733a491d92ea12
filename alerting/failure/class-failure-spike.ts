import { failureRecorded } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualClassRecords } from "../baselines.ts";
import { classLabels, notUsual, targetLabels, whileReadable } from "../scopes.ts";

const classRecords = q.sumBy(q.increase(failureRecorded, "10m"), classLabels);
const targetRecords = q.sumBy(q.increase(failureRecorded, "10m"), targetLabels);
/** One class makes up most of the failures: many classes failing together have another cause, such as the database. */
const alone = q.above(q.divide(classRecords, targetRecords, q.groupLeft(targetLabels)), 0.6);

function spiking({ usual, limit }: Given, level: "warning" | "critical") {
  const high = q.above(classRecords, limit(level));
  const unusual = notUsual(high, q.multiply(usual(usualClassRecords), 600), limit("factor"));
  return whileReadable<(typeof classLabels)[number]>(q.and(unusual, alone));
}

const poison = { queue: "default", "job.class": "ImportJob", "error.type": "ArgumentError" };

export const classFailureSpike = defineAlert({
  name: "ClassFailureSpike",
  category: "failure",
  team: "security",
  labels: classLabels,
  panel: { dashboard: "threats", panel: "class-failures" },
  thresholds: {
    warning: { value: 20, unit: "count", meaning: "New failures of the class in ten minutes, for a warning." },
    critical: { value: 100, unit: "count", meaning: "New failures of the class in ten minutes, to be critical." },
    factor: { value: 6, unit: "ratio", meaning: "Times what is usual for the class around this time." },
  },
  levels: [
    { severity: "warning", for: "2m", keepFiring: "10m", expr: (given) => spiking(given, "warning") },
    { severity: "critical", for: "3m", keepFiring: "10m", expr: (given) => spiking(given, "critical") },
  ],
  summary: (t) => `Poisoned? ${t.label("job.class")} failed ${t.value("count")} times in ten minutes`,
  description: (t) =>
    `${t.label("job.class")} of ${t.label("target")} failed ${t.value("count")} times in ten minutes, far more than usual, and causes most of the target's failures.`,
  runbook: {
    meaning:
      "Failures of one class jump far above its past while other classes are well: the sign of poisoned payloads.",
    impact: "Jobs made to fail burn workers and retries; some aim at the code that decodes them.",
    diagnosis: [
      "Is the error new for the class? Does it come from decoding arguments?",
      "Who can enqueue this class with arguments of their choice?",
      "Was the class released lately? Then a mistake is more likely than an attack.",
    ],
    look: ["retrySet", "failedList", "queueHead"],
    mitigation: [
      "Keep copies of a few failing payloads as evidence before anything is deleted.",
      "Quarantine the class: pause its queue, or take its jobs out of the way.",
    ],
    act: ["protectEvidence", "quarantineJobs", "pauseQueue", "rollback"],
  },
  tests: [
    {
      title: "a flood of failures",
      series: [sample(failureRecorded, poison, "0x30 0+30x60")],
      at: "50m",
      fires: ["warning", "critical"],
    },
    { title: "a few more", series: [sample(failureRecorded, poison, "0x30 0+5x60")], at: "50m", fires: ["warning"] },
    {
      title: "many classes fail together: the database",
      series: ["A", "B", "C"].map((name) =>
        sample(failureRecorded, { ...poison, "job.class": name, "error.type": "Timeout" }, "0x30 0+30x60"),
      ),
      at: "50m",
      fires: [],
    },
    { title: "as often as always", series: [sample(failureRecorded, poison, "0+30x2960")], at: "2920m", fires: [] },
    {
      title: "a newborn series with a few failures",
      series: [sample(failureRecorded, poison, "_x30 0 6 6x60")],
      at: "40m",
      fires: [],
    },
  ],
});

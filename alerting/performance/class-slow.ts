import { classDuration } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { rawSample, sampleTarget } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualDuration } from "../baselines.ts";
import { classLabels, exceeds, whileReadable } from "../scopes.ts";

const count = q.observationRate(classDuration, "15m");
const mean = q.divide(q.observedRate(classDuration, "15m"), count);

function slow({ usual, limit }: Given, level: "warning" | "critical") {
  const enough = q.and(mean, q.atLeast(count, limit("volume") / 900));
  return whileReadable<(typeof classLabels)[number]>(
    exceeds(enough, usual(usualDuration), { factor: limit(level), floor: limit("floor") }),
  );
}

const labels = { ...sampleTarget, job_class: "ReportJob" };
const name = "jobqueue_class_duration_seconds";

export const classSlow = defineAlert({
  name: "ClassSlow",
  category: "performance",
  team: "operations",
  labels: classLabels,
  panel: { dashboard: "classes", panel: "mean" },
  thresholds: {
    warning: { value: 2.5, unit: "ratio", meaning: "Times the usual execution time, for a warning." },
    critical: { value: 10, unit: "ratio", meaning: "Times the usual execution time, to be critical." },
    floor: { value: 0.5, unit: "duration", meaning: "Never below this mean execution time." },
    volume: { value: 20, unit: "count", meaning: "Jobs in a quarter of an hour, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "5m", keepFiring: "10m", expr: (given) => slow(given, "warning") },
    { severity: "critical", for: "15m", keepFiring: "10m", expr: (given) => slow(given, "critical") },
  ],
  summary: (t) => `${t.label("job.class")} of ${t.label("target")} takes ${t.value("duration")} on average`,
  description: (t) =>
    `${t.label("job.class")} takes ${t.value("duration")} on average, several times as long as usual around this time.`,
  runbook: {
    meaning: "The mean execution time of successful jobs of the class is a multiple of its past.",
    impact: "Fewer jobs get done with the same workers; queues follow.",
    diagnosis: ["One class: its code, its data, the service it calls. Many classes at once: the database."],
    look: ["workerJobs", "counters"],
    mitigation: ["Treat the cause; pause what is not urgent if it presses on the database."],
    act: ["rollback", "pauseQueue"],
  },
  tests: [
    {
      title: "twenty times slower",
      series: [
        rawSample(`${name}_sum`, labels, "0+10x2900 29000+200x60"),
        rawSample(`${name}_count`, labels, "0+10x2960"),
      ],
      at: "2940m",
      fires: ["warning", "critical"],
    },
    {
      title: "four times slower",
      series: [
        rawSample(`${name}_sum`, labels, "0+10x2900 29000+40x60"),
        rawSample(`${name}_count`, labels, "0+10x2960"),
      ],
      at: "2930m",
      fires: ["warning"],
    },
    {
      title: "slow, but only two jobs",
      series: [
        rawSample(`${name}_sum`, labels, "0+10x2900 29000 29000x20 29100 29200x60"),
        rawSample(`${name}_count`, labels, "0+10x2900 29000 29000x20 29001 29002x60"),
      ],
      at: "2930m",
      fires: [],
    },
  ],
});

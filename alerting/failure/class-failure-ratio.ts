import { classFailed, classProcessed } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualClassFailures } from "../baselines.ts";
import { classLabels, notUsual, whileReadable } from "../scopes.ts";

type Matching = q.Matchers<(typeof classLabels)[number]>;

function ratioOver(where: Matching, over: number, { limit }: Given) {
  const processed = q.increase(classProcessed, "15m", where);
  const ratio = q.divide(q.increase(classFailed, "15m", where), processed);
  return q.and(q.above(ratio, over), q.atLeast(processed, limit("volume")));
}

/** Classes with a threshold of their own are judged by it alone; the others also by their past. */
function failing(given: Given, level: "warning" | "critical") {
  const own = given.classes(level);
  const others: Matching =
    own.length === 0 ? {} : { "job.class": q.matchesNot(own.map(({ pattern }) => pattern).join("|")) };
  const general = ratioOver(others, given.limit(level), given);
  const judged = notUsual(general, given.usual(usualClassFailures), given.limit("factor"));
  const all = own.reduce(
    (left, { pattern, value }) => q.or(left, ratioOver({ "job.class": q.matches(pattern) }, value, given)),
    judged,
  );
  return whileReadable<(typeof classLabels)[number]>(all);
}

export const classFailureRatio = defineAlert({
  name: "ClassFailureRatioHigh",
  category: "failure",
  team: "operations",
  labels: classLabels,
  panel: { dashboard: "classes", panel: "failure-share" },
  thresholds: {
    warning: { value: 0.25, unit: "ratio", meaning: "Share of the class's attempts that fail, for a warning." },
    critical: { value: 0.7, unit: "ratio", meaning: "Share of the class's attempts that fail, to be critical." },
    factor: { value: 2.5, unit: "ratio", meaning: "Times what is usual for the class around this time." },
    volume: { value: 20, unit: "count", meaning: "Attempts in a quarter of an hour, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "10m", expr: (given) => failing(given, "warning") },
    { severity: "critical", for: "5m", keepFiring: "10m", expr: (given) => failing(given, "critical") },
  ],
  summary: (t) => `${t.value("ratio")} of ${t.label("job.class")} fail in ${t.label("target")}`,
  description: (t) =>
    `${t.value("ratio")} of the attempts of ${t.label("job.class")} failed in the last quarter of an hour, far more than is usual for it.`,
  runbook: {
    meaning: "The class fails in a share of its attempts that is high, and a multiple of its own past.",
    impact: "The class's work is not done. If it is one class only, look for poisoned payloads.",
    diagnosis: [
      "Is the error always the same? Was the class, or what it calls, changed lately?",
      "Do the failing jobs have something in common in their arguments? Look at them in the application, not here.",
    ],
    look: ["retrySet", "failedList", "counters"],
    mitigation: [
      "A bad release: roll back. A broken service: pause the queue until it is back. Bad payloads: quarantine.",
    ],
    act: ["rollback", "pauseQueue", "quarantineJobs", "requeueSafely"],
  },
  tests: [
    {
      title: "nearly all fail",
      series: [
        sample(classProcessed, { "job.class": "ReportJob" }, "0+10x60"),
        sample(classFailed, { "job.class": "ReportJob" }, "0x20 0+9x60"),
      ],
      at: "45m",
      fires: ["warning", "critical"],
    },
    {
      title: "four in ten",
      series: [
        sample(classProcessed, { "job.class": "ReportJob" }, "0+10x60"),
        sample(classFailed, { "job.class": "ReportJob" }, "0x20 0+4x60"),
      ],
      at: "45m",
      fires: ["warning"],
    },
    {
      title: "a class that always fails 5 %",
      series: [
        sample(classProcessed, { "job.class": "WebhookJob" }, "0+60x60"),
        sample(classFailed, { "job.class": "WebhookJob" }, "0+3x60"),
      ],
      at: "45m",
      fires: [],
    },
    {
      title: "low volume",
      series: [
        sample(classProcessed, { "job.class": "RareJob" }, "0 1 2 3 3x60"),
        sample(classFailed, { "job.class": "RareJob" }, "0 1 2 3 3x60"),
      ],
      at: "10m",
      fires: [],
    },
    {
      title: "a newborn counter",
      series: [
        sample(classProcessed, { "job.class": "NewJob" }, "_x20 0 4 4x60"),
        sample(classFailed, { "job.class": "NewJob" }, "_x20 0 4 4x60"),
      ],
      at: "30m",
      fires: [],
    },
  ],
});

import { jobFailed, jobProcessed } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualFailures } from "../baselines.ts";
import { notUsual, targetLabels, whileReadable } from "../scopes.ts";

function failing({ usual, limit }: Given, level: "warning" | "critical", window: q.Duration) {
  const processed = q.increase(jobProcessed, window);
  const ratio = q.divide(q.increase(jobFailed, window), processed);
  const high = q.and(q.above(ratio, limit(level)), q.atLeast(processed, limit("volume")));
  return whileReadable(notUsual(high, usual(usualFailures), limit("factor")));
}

export const failureRatio = defineAlert({
  name: "FailureRatioHigh",
  category: "failure",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "overview", panel: "failure-share" },
  thresholds: {
    warning: { value: 0.1, unit: "ratio", meaning: "Share of attempts that fail, for a warning." },
    critical: { value: 0.3, unit: "ratio", meaning: "Share of attempts that fail, to be critical." },
    factor: { value: 2, unit: "ratio", meaning: "Times what is usual around this time." },
    volume: { value: 30, unit: "count", meaning: "Attempts in ten minutes, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "10m", expr: (given) => failing(given, "warning", "10m") },
    { severity: "critical", for: "3m", keepFiring: "10m", expr: (given) => failing(given, "critical", "10m") },
  ],
  summary: (t) => `${t.value("ratio")} of all attempts fail in ${t.label("target")}`,
  description: (t) =>
    `${t.value("ratio")} of the attempts of the last ten minutes failed in ${t.label("target")}, at least twice the usual share.`,
  runbook: {
    meaning: "Of the attempts that ended in the last ten minutes, too many raised an error. Few attempts say nothing.",
    impact: "Work is not done; retries come back later and add to the load.",
    diagnosis: [
      "One class or many? One: its code, its payloads or the service it calls. Many: database, network, a deploy.",
      "Which error is most frequent? Compare its beginning with the last deploy.",
    ],
    look: ["counters", "retrySet", "failedList"],
    mitigation: ["After a deploy: roll back. Else mend or switch off what fails; retries will catch up."],
    act: ["rollback", "pauseQueue", "requeueSafely"],
  },
  tests: [
    {
      title: "half of all fail",
      series: [sample(jobProcessed, {}, "0+60x60"), sample(jobFailed, {}, "0x20 0+30x60")],
      at: "40m",
      fires: ["warning", "critical"],
    },
    {
      title: "one in six",
      series: [sample(jobProcessed, {}, "0+60x60"), sample(jobFailed, {}, "0x20 0+10x60")],
      at: "40m",
      fires: ["warning"],
    },
    {
      title: "low volume",
      series: [sample(jobProcessed, {}, "0+1x60"), sample(jobFailed, {}, "0x20 0+1x60")],
      at: "40m",
      fires: [],
    },
    {
      title: "as many as always",
      series: [sample(jobProcessed, {}, "0+60x2960"), sample(jobFailed, {}, "0+12x2960")],
      at: "2920m",
      fires: [],
    },
    {
      title: "both counters were reset",
      series: [sample(jobProcessed, {}, "90000+60x20 0+60x60"), sample(jobFailed, {}, "900+1x20 0+1x60")],
      at: "24m",
      fires: [],
    },
  ],
});

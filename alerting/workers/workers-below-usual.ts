import { workerCount, workerMinimum } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualWorkers } from "../baselines.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const active = q.unless(
  q.sumBy(q.select(workerCount, { state: "active" }), targetLabels),
  q.select(workerMinimum),
  q.on(...targetLabels),
);

const below = ({ usual, limit }: Given, share: string) =>
  whileWorking(q.atMost(active, q.multiply(usual(usualWorkers), limit(share))));

export const workersBelowUsual = defineAlert({
  name: "WorkersBelowUsual",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "states" },
  thresholds: {
    warning: { value: 0.7, unit: "ratio", meaning: "Share of the usual number, for a warning." },
    critical: { value: 0.4, unit: "ratio", meaning: "Share of the usual number, to be critical." },
  },
  levels: [
    { severity: "warning", for: "5m", keepFiring: "5m", expr: (given) => below(given, "warning") },
    { severity: "critical", for: "5m", keepFiring: "5m", expr: (given) => below(given, "critical") },
  ],
  summary: (t) => `Only ${t.value("count")} workers are active in ${t.label("target")}, fewer than usual`,
  description: (t) =>
    `${t.value("count")} workers are active in ${t.label("target")}, far fewer than usual around this time.`,
  runbook: {
    meaning: "No minimum is configured, so the number is judged by the same time of the last days and weeks.",
    impact: "Less gets done; a backlog follows.",
    diagnosis: ["Was the number lowered on purpose? Then say `workers.minimum`. Else: which hosts are missing?"],
    look: ["workers", "workerJobs"],
    mitigation: ["Start what is missing."],
    act: ["restartWorkers", "addWorkers"],
  },
  tests: [
    {
      title: "two of eight",
      series: [sample(workerCount, { state: "active" }, "8x2900 2x60")],
      at: "2920m",
      fires: ["warning", "critical"],
    },
    {
      title: "five of eight",
      series: [sample(workerCount, { state: "active" }, "8x2900 5x60")],
      at: "2920m",
      fires: ["warning"],
    },
    {
      title: "a rolling deploy",
      series: [sample(workerCount, { state: "active" }, "8x2900 6x2 5x2 8x60")],
      at: "2904m",
      fires: [],
    },
    {
      title: "fewer every night",
      series: [sample(workerCount, { state: "active" }, "2x300 8x1140 2x300 8x1140 2x300 8x300")],
      at: "3000m",
      fires: [],
    },
  ],
});

import { workerCount, workerLost } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const active = { state: "active" } as const;
const lost = q.increase(workerLost, "15m");
const before = q.maxBy(q.maxOverTime(q.range(workerCount, "1h", active)), targetLabels);
const now = q.sumBy(q.select(workerCount, active), targetLabels);

/** Lost, a share of all, and not replaced: those that an orchestrator replaces at once are no reason to call anybody. */
function missing({ limit }: Given, share: number, least: number) {
  const many = q.and(q.atLeast(lost, least - 0.5), q.atLeast(lost, q.multiply(before, share)));
  return whileWorking(q.and(many, q.below(now, q.multiply(before, limit("replaced")))));
}

export const workersLost = defineAlert({
  name: "WorkersLost",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "coming-and-going" },
  thresholds: {
    warning: { value: 0.15, unit: "ratio", meaning: "Share of the workers that is lost, for a warning." },
    critical: { value: 0.5, unit: "ratio", meaning: "Share of the workers that is lost, to be critical." },
    replaced: { value: 0.9, unit: "ratio", meaning: "Share of the former number above which they count as replaced." },
  },
  levels: [
    { severity: "warning", for: "2m", keepFiring: "5m", expr: (given) => missing(given, given.limit("warning"), 1) },
    { severity: "critical", for: "2m", keepFiring: "5m", expr: (given) => missing(given, given.limit("critical"), 2) },
  ],
  summary: (t) => `${t.value("count")} workers of ${t.label("target")} stopped giving heartbeats`,
  description: (t) =>
    `${t.value("count")} workers of ${t.label("target")} were lost in a quarter of an hour and have not been replaced.`,
  runbook: {
    meaning: "Workers stopped giving heartbeats without leaving: killed, crashed, hung, or cut off from Redis.",
    impact: "What they held may be lost; fewer are left for the rest.",
    diagnosis: [
      "Out of memory? Look into the kernel's log and the orchestrator's events.",
      "All on one host or in one zone: the host or the network. All after one job: that job.",
    ],
    look: ["workers", "workerJobs"],
    mitigation: ["Replace them; look at JobsPresumedLost for what they held."],
    act: ["restartWorkers", "requeueSafely"],
  },
  tests: [
    {
      title: "half of them",
      series: [sample(workerCount, active, "8x30 4x40"), sample(workerLost, {}, "0x30 4x40")],
      at: "36m",
      fires: ["warning", "critical"],
    },
    {
      title: "two of eight",
      series: [sample(workerCount, active, "8x30 6x40"), sample(workerLost, {}, "0x30 2x40")],
      at: "36m",
      fires: ["warning"],
    },
    {
      title: "one of eight, replaced at once",
      series: [sample(workerCount, active, "8x30 7 8x40"), sample(workerLost, {}, "0x30 1x40")],
      at: "34m",
      fires: [],
    },
    {
      title: "scaled down: they left cleanly",
      series: [sample(workerCount, active, "8x30 4x40"), sample(workerLost, {}, "0x70")],
      at: "36m",
      fires: [],
    },
  ],
});

import { jobProcessed, queueLatency, workerBusy } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { processingTime, usualLatency, usualProcessingTime } from "../baselines.ts";
import { exceeds, targetLabels, whileWorking } from "../scopes.ts";

const enough = (volume: number) =>
  q.and(processingTime, q.atLeast(q.sumBy(q.rate(jobProcessed, "6m"), targetLabels), volume / 600));

function slow({ usual, limit }: Given, level: "warning" | "critical") {
  return whileWorking<(typeof targetLabels)[number]>(
    exceeds(enough(limit("volume")), usual(usualProcessingTime), { factor: limit(level), floor: limit("floor") }),
  );
}

/** A page only where queues suffer from it. */
const late = ({ usual }: Given) => exceeds(q.select(queueLatency), usual(usualLatency), { factor: 3, floor: 300 });
const host = { "host.name": "worker-1" } as const;

export const processingSlow = defineAlert({
  name: "ProcessingSlow",
  category: "performance",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "overview", panel: "throughput" },
  thresholds: {
    warning: { value: 1.8, unit: "ratio", meaning: "Times the usual mean processing time, for a warning." },
    critical: {
      value: 3,
      unit: "ratio",
      meaning: "Times the usual mean processing time, to be critical while queues are late.",
    },
    floor: { value: 0.2, unit: "duration", meaning: "Never below this mean processing time." },
    volume: { value: 60, unit: "count", meaning: "Jobs in ten minutes, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "4m", keepFiring: "10m", expr: (given) => slow(given, "warning") },
    {
      severity: "critical",
      for: "5m",
      keepFiring: "10m",
      expr: (given) => q.and(slow(given, "critical"), late(given), q.on(...targetLabels)),
    },
  ],
  summary: (t) => `Jobs of ${t.label("target")} take ${t.value("duration")} on average, far longer than usual`,
  description: (t) =>
    `Jobs of ${t.label("target")} run for ${t.value("duration")} on average (jobs running divided by jobs ended), a multiple of the usual.`,
  runbook: {
    meaning:
      "By Little's law the mean time in execution is the number of jobs running divided by the rate at which they end.",
    impact: "The same workers do less; queues grow if it lasts.",
    diagnosis: [
      "The database first: slow queries, locks, connections. Then services that jobs call, then the hosts' CPU.",
    ],
    look: ["workers", "workerJobs", "counters"],
    mitigation: ["More workers press harder on what is slow. Pause what is not urgent instead."],
    act: ["pauseQueue", "throttleProducers", "rollback"],
  },
  tests: [
    {
      title: "slow, and queues are late",
      series: [
        sample(workerBusy, host, "5x2900 20x60"),
        sample(jobProcessed, {}, "0+120x2900 348000+60x60"),
        sample(queueLatency, { queue: "default" }, "0x2900 0+60x60"),
      ],
      at: "2930m",
      fires: ["warning", "critical"],
    },
    {
      title: "slow, and nothing waits",
      series: [sample(workerBusy, host, "5x2900 20x60"), sample(jobProcessed, {}, "0+120x2960")],
      at: "2930m",
      fires: ["warning"],
    },
    {
      title: "low volume",
      series: [sample(workerBusy, host, "1x2900 8x60"), sample(jobProcessed, {}, "0+1x2960")],
      at: "2930m",
      fires: [],
    },
    {
      title: "a nightly batch of long jobs",
      series: [sample(workerBusy, host, "20x60 5x1380 20x60 5x1380 20x60"), sample(jobProcessed, {}, "0+120x2960")],
      at: "2920m",
      fires: [],
    },
  ],
});

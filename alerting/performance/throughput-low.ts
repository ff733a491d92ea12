import { jobProcessed, queueLatency } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualLatency, usualThroughput } from "../baselines.ts";
import { exceeds, targetLabels, whileReadableFor, whileWorking } from "../scopes.ts";

/** Less done than usual, and jobs wait for it: little work on a holiday is no trouble. */
function low({ usual, limit }: Given, level: "warning" | "critical") {
  const done = q.sumBy(q.rate(jobProcessed, "10m"), targetLabels);
  const enough = q.above(usual(usualThroughput), limit("volume") / 600);
  const little = q.and(q.below(done, q.multiply(usual(usualThroughput), limit(level))), enough);
  const late = exceeds(q.select(queueLatency), usual(usualLatency), { factor: 2, floor: limit(`${level}_latency`) });
  return whileReadableFor<(typeof targetLabels)[number]>(
    whileWorking(q.and(little, late, q.on(...targetLabels))),
    "15m",
  );
}

export const throughputLow = defineAlert({
  name: "ThroughputLow",
  category: "performance",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "overview", panel: "throughput" },
  thresholds: {
    warning: { value: 0.7, unit: "ratio", meaning: "Share of the usual throughput, for a warning." },
    critical: { value: 0.35, unit: "ratio", meaning: "Share of the usual throughput, to be critical." },
    warning_latency: { value: 45, unit: "duration", meaning: "Latency of some queue, for a warning." },
    critical_latency: { value: 240, unit: "duration", meaning: "Latency of some queue, to be critical." },
    volume: { value: 20, unit: "count", meaning: "Usual jobs in ten minutes, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "10m", expr: (given) => low(given, "warning") },
    { severity: "critical", for: "4m", keepFiring: "10m", expr: (given) => low(given, "critical") },
  ],
  summary: (t) => `${t.label("target")} processes only ${t.value("count")} jobs a second, and jobs wait`,
  description: (t) =>
    `${t.label("target")} processes ${t.value("count")} jobs a second, far below the usual around this time, while queues are late.`,
  runbook: {
    meaning: "Throughput fell below what it was at this time on any usual day, although there is work.",
    impact: "Queues grow until it recovers.",
    diagnosis: ["Fewer workers, slower jobs, or workers that hang? See the Workers and Classes dashboards."],
    look: ["workers", "workerJobs", "counters"],
    mitigation: ["Treat what slows the jobs; restart workers that hang."],
    act: ["restartWorkers", "addWorkers", "pauseQueue"],
  },
  tests: [
    {
      title: "a tenth, and very late",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+30x60"),
        sample(queueLatency, { queue: "default" }, "0x2900 0+60x60"),
      ],
      at: "2925m",
      fires: ["warning", "critical"],
    },
    {
      title: "half, and late",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+150x60"),
        sample(queueLatency, { queue: "default" }, "0x2900 90x60"),
      ],
      at: "2925m",
      fires: ["warning"],
    },
    {
      title: "a holiday: little work, nothing waits",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+30x60"),
        sample(queueLatency, { queue: "default" }, "0x2990"),
      ],
      at: "2925m",
      fires: [],
    },
    {
      title: "little is usual",
      series: [
        sample(jobProcessed, {}, "0 0 1 1 1 2x2900"),
        sample(queueLatency, { queue: "default" }, "0x2900 90x60"),
      ],
      at: "2925m",
      fires: [],
    },
  ],
});

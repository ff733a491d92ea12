import { queueLatency, workerBusy, workerSlots } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { saturation, usualLatency, usualSaturation } from "../baselines.ts";
import { exceeds, targetLabels, whileReadable } from "../scopes.ts";

/** All slots in use, which is not usual, and jobs wait for it. */
function saturated({ usual, limit }: Given, latency: number) {
  const full = q.above(saturation, limit("share"));
  const unusual = q.unless(full, q.above(usual(usualSaturation), limit("usual")), q.on(...targetLabels));
  const late = exceeds(q.select(queueLatency), usual(usualLatency), { factor: 2, floor: latency });
  return whileReadable(q.and(unusual, late, q.on(...targetLabels)));
}

const host = { "host.name": "worker-1" } as const;

export const workersSaturated = defineAlert({
  name: "WorkersSaturated",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "slots" },
  thresholds: {
    share: { value: 0.92, unit: "ratio", meaning: "Share of all slots in use." },
    usual: { value: 0.85, unit: "ratio", meaning: "Where this share is usual around this time, nothing is said." },
    warning: { value: 30, unit: "duration", meaning: "Latency of some queue, for a warning." },
    critical: { value: 600, unit: "duration", meaning: "Latency of some queue, to be critical." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "10m", expr: (given) => saturated(given, given.limit("warning")) },
    { severity: "critical", for: "15m", keepFiring: "10m", expr: (given) => saturated(given, given.limit("critical")) },
  ],
  summary: (t) => `${t.value("ratio")} of all job slots of ${t.label("target")} are in use, and jobs wait`,
  description: (t) =>
    `${t.value("ratio")} of the slots of ${t.label("target")} are busy, which is not usual at this time, and queues are late.`,
  runbook: {
    meaning: "Every thread has a job. Either more work came, or each job takes longer.",
    impact: "Whatever comes next waits.",
    diagnosis: ["Mean execution time risen: the database or another service. Not risen: more work. See Classes."],
    look: ["workers", "workerJobs"],
    mitigation: ["More slots help only if what the jobs wait for has room."],
    act: ["addWorkers", "throttleProducers", "pauseQueue"],
  },
  tests: [
    {
      title: "full and very late",
      series: [
        sample(workerBusy, host, "5x2900 20x60"),
        sample(workerSlots, host, "20x2990"),
        sample(queueLatency, { queue: "default" }, "0x2900 0+60x60"),
      ],
      at: "2950m",
      fires: ["warning", "critical"],
    },
    {
      title: "full and late",
      series: [
        sample(workerBusy, host, "5x2900 20x60"),
        sample(workerSlots, host, "20x2990"),
        sample(queueLatency, { queue: "default" }, "0x2900 90x60"),
      ],
      at: "2930m",
      fires: ["warning"],
    },
    {
      title: "full, but nothing waits",
      series: [
        sample(workerBusy, host, "5x2900 20x60"),
        sample(workerSlots, host, "20x2990"),
        sample(queueLatency, { queue: "default" }, "0x2990"),
      ],
      at: "2930m",
      fires: [],
    },
    {
      title: "as full as every night",
      series: [
        sample(workerBusy, host, "20x60 5x1380 20x60 5x1380 20x60"),
        sample(workerSlots, host, "20x2990"),
        sample(queueLatency, { queue: "default" }, "0x2990"),
      ],
      at: "2930m",
      fires: [],
    },
  ],
});

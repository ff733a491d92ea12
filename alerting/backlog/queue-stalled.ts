import { queueLatency, queueRunning, queueSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { peakLatency, saturation, usualLatency } from "../baselines.ts";
import { exceeds, queueLabels, targetLabels, whileServed } from "../scopes.ts";

/** The oldest job ages as fast as the clock runs, so that it is the same one, and no job of the queue is running. */
const headStands = q.unless(
  q.above(q.deriv(q.range(queueLatency, "6m")), 0.95),
  q.above(q.maxOverTime(q.range(queueRunning, "6m")), 0),
);
const standing = q.and(q.and(q.select(queueLatency), q.above(q.select(queueSize), 0)), headStands);

export const queueStalled = defineAlert({
  name: "QueueStalled",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "latency" },
  thresholds: {
    warning_floor: { value: 240, unit: "duration", meaning: "Least age of the oldest job for a warning." },
    critical_floor: { value: 600, unit: "duration", meaning: "Least age of the oldest job to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "1m",
      keepFiring: "5m",
      expr: ({ usual, limit }) =>
        whileServed(exceeds(standing, usual(usualLatency), { factor: 2, floor: limit("warning_floor") })),
    },
    {
      severity: "critical",
      for: "1m",
      keepFiring: "5m",
      expr: ({ usual, limit }) => {
        const floor = limit("critical_floor");
        const unusual = exceeds(standing, usual(usualLatency), { factor: 2, floor });
        const longest = exceeds(unusual, usual(peakLatency), { factor: 1, floor });
        // Starved behind busier queues is late, not broken: the latency alerts judge that.
        return whileServed(q.unless(longest, q.above(saturation, 0.95), q.on(...targetLabels)));
      },
    },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} stands still for ${t.value("duration")}`,
  description: (t) =>
    `Workers serve ${t.label("queue")}, yet nothing is taken from it: its oldest job has waited for ${t.value("duration")} and none of its jobs is running.`,
  runbook: {
    meaning: "There are jobs, there are workers for the queue, and no job is being taken.",
    impact: "The queue's work has stopped.",
    diagnosis: [
      "Are all slots busy with other queues? Strict priorities starve the queues behind.",
      "Do workers hang? Look at the longest-running jobs and at the heartbeats.",
      "Is a limiter or a concurrency setting holding the queue back?",
    ],
    look: ["queueHead", "workers", "workerJobs"],
    mitigation: ["Starved: give the queue workers of its own. Hanging: restart the workers, one after the other."],
    act: ["addWorkers", "restartWorkers"],
  },
  tests: [
    {
      title: "nothing is taken",
      series: [
        sample(queueLatency, { queue: "default" }, "0x2900 0+60x40"),
        sample(queueSize, { queue: "default" }, "0x2900 1+5x40"),
        sample(queueRunning, { queue: "default" }, "2x2895 0x60"),
      ],
      at: "2915m",
      fires: ["warning", "critical"],
    },
    {
      title: "its jobs are long, but they run",
      series: [
        sample(queueLatency, { queue: "default" }, "0x2900 0+60x40"),
        sample(queueSize, { queue: "default" }, "0x2900 1x40"),
        sample(queueRunning, { queue: "default" }, "2x2960"),
      ],
      at: "2915m",
      fires: [],
    },
    {
      title: "a restart of the workers",
      series: [
        sample(queueLatency, { queue: "default" }, "0x2900 0 60 120 0x40"),
        sample(queueSize, { queue: "default" }, "0x2900 5 5 5 0x40"),
      ],
      at: "2906m",
      fires: [],
    },
  ],
});

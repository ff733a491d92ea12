import { jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualArrivals, usualSize } from "../baselines.ts";
import { arrivals, exceeds, targetLabels, whileReadableFor } from "../scopes.ts";

export const queuesFlooded = defineAlert({
  name: "SeveralQueuesFlooded",
  category: "flood",
  team: "security",
  labels: targetLabels,
  panel: { dashboard: "threats", panel: "swollen" },
  thresholds: {
    queues: { value: 3, unit: "count", meaning: "Queues that grow abnormally at once." },
    size_factor: { value: 3, unit: "ratio", meaning: "Times its usual size for a queue to count." },
    size_floor: { value: 50, unit: "count", meaning: "Least size for a queue to count." },
    arrivals_factor: {
      value: 1.4,
      unit: "ratio",
      meaning: "Times the usual arrivals, which tells it from dead workers.",
    },
  },
  levels: [
    {
      severity: "critical",
      for: "4m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const swollen = exceeds(q.select(queueSize), usual(usualSize), {
          factor: limit("size_factor"),
          floor: limit("size_floor"),
        });
        const growing = q.and(swollen, q.above(q.delta(q.range(queueSize, "10m")), 0));
        const many = q.atLeast(q.countBy(growing, targetLabels), limit("queues"));
        const more = exceeds(arrivals, usual(usualArrivals), { factor: limit("arrivals_factor"), floor: 0.5 });
        return whileReadableFor(q.and(many, more), "20m");
      },
    },
  ],
  summary: (t) => `Flood: ${t.value("count")} queues of ${t.label("target")} grow abnormally at once`,
  description: (t) =>
    `${t.value("count")} queues of ${t.label("target")} are several times their usual size and growing, and more jobs arrive than usual.`,
  runbook: {
    meaning: "A sustained, abnormal growth of several queues at once, with arrivals above the usual: not slow workers.",
    impact: "A denial of service against the job system; no queue is safe by standing apart.",
    diagnosis: [
      "Which queues and classes? What do their producers have in common: an endpoint, a tenant, a release?",
      "Compare with the application's traffic for the same minutes.",
    ],
    look: ["counters", "queueSize", "queueHead", "redisMemory"],
    mitigation: ["Stop the source first; keep evidence; then drain by priority."],
    act: ["throttleProducers", "protectEvidence", "quarantineJobs", "addWorkers"],
  },
  tests: [
    {
      title: "three queues at once",
      series: [
        sample(jobProcessed, {}, "0+300x2960"),
        ...["a", "b", "c"].map((queue) => sample(queueSize, { queue }, "0x2900 0+100x60")),
      ],
      at: "2920m",
      fires: ["critical"],
    },
    {
      title: "two queues",
      series: [
        sample(jobProcessed, {}, "0+300x2960"),
        ...["a", "b"].map((queue) => sample(queueSize, { queue }, "0x2900 0+100x60")),
      ],
      at: "2920m",
      fires: [],
    },
    {
      title: "slow workers: all queues grow, no more arrives",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+30x60"),
        ...["a", "b", "c"].map((queue) => sample(queueSize, { queue }, "0x2900 0+90x60")),
      ],
      at: "2920m",
      fires: [],
    },
  ],
});

import { jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { peakSize, usualSize, usualThroughput } from "../baselines.ts";
import { exceeds, queueLabels, targetLabels, whileReadableFor, whileServed } from "../scopes.ts";

/** A queue far above its past that grows, while its target gets as much done as usual: more arrives than can be done. */
function flooded({ usual, limit }: Given, times: number) {
  const floor = limit("floor") * times;
  const swollen = exceeds(q.select(queueSize), usual(usualSize), { factor: limit("factor") * times, floor });
  const unseen = exceeds(swollen, usual(peakSize), { factor: 1.5 * times, floor });
  const growing = q.and(unseen, q.above(q.deriv(q.range(queueSize, "5m")), limit("growth") * times));
  const done = q.sumBy(q.rate(jobProcessed, "10m"), targetLabels);
  const slow = q.below(done, q.multiply(usual(usualThroughput), 0.8));
  return whileReadableFor<(typeof queueLabels)[number]>(
    whileServed(q.unless(growing, slow, q.on(...targetLabels))),
    "20m",
  );
}

export const queueFlooded = defineAlert({
  name: "QueueFlooded",
  category: "flood",
  team: "security",
  labels: queueLabels,
  panel: { dashboard: "threats", panel: "swollen-queues" },
  thresholds: {
    floor: { value: 300, unit: "count", meaning: "Never a warning below this size; critical at three times as much." },
    factor: { value: 4, unit: "ratio", meaning: "Times the usual size." },
    growth: { value: 0.3, unit: "per second", meaning: "Jobs a second by which the queue grows at least." },
  },
  levels: [
    { severity: "warning", for: "4m", keepFiring: "10m", expr: (given) => flooded(given, 1) },
    { severity: "critical", for: "6m", keepFiring: "10m", expr: (given) => flooded(given, 3) },
  ],
  summary: (t) => `Flood: queue ${t.label("queue")} of ${t.label("target")} holds ${t.value("count")} jobs and grows`,
  description: (t) =>
    `${t.label("queue")} holds ${t.value("count")} jobs, more than on any usual day, and grows although workers get as much done as ever.`,
  runbook: {
    meaning: "One queue is flooded: far above its peak, growing, while throughput is as usual.",
    impact: "The queue's real jobs wait behind the flood; with shared workers other queues do too.",
    diagnosis: [
      "Look at the head and the tail of the queue: one class, one argument pattern, one tenant?",
      "Find what enqueues it; was it released or opened to the public lately?",
    ],
    look: ["queueSize", "queueHead", "counters"],
    mitigation: ["Stop or limit the producer; move the flood aside; drain what is real."],
    act: ["throttleProducers", "quarantineJobs", "protectEvidence"],
  },
  tests: [
    {
      title: "flooded",
      series: [sample(jobProcessed, {}, "0+300x2960"), sample(queueSize, { queue: "mailers" }, "0x2900 0+200x60")],
      at: "2920m",
      fires: ["warning", "critical"],
    },
    {
      title: "somewhat",
      series: [sample(jobProcessed, {}, "0+300x2960"), sample(queueSize, { queue: "mailers" }, "0x2900 0+40x60")],
      at: "2920m",
      fires: ["warning"],
    },
    {
      title: "the workers are slow instead",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+60x60"),
        sample(queueSize, { queue: "mailers" }, "0x2900 0+200x60"),
      ],
      at: "2920m",
      fires: [],
    },
    {
      title: "a nightly batch",
      series: [
        sample(jobProcessed, {}, "0+300x2960"),
        sample(queueSize, { queue: "bulk" }, "0x60 0+100x60 0x1378 0+100x60 0x1378 0+100x60"),
      ],
      at: "2920m",
      fires: [],
    },
  ],
});

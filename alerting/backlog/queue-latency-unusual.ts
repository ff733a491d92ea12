import { queueLatency, queueLatencyLimit } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { peakLatency, usualLatency } from "../baselines.ts";
import { exceeds, queueLabels, whileServed } from "../scopes.ts";

/** Queues that promise nothing: the others are judged by their promise. */
const latency = q.unless(q.select(queueLatency), q.select(queueLatencyLimit), q.on(...queueLabels));

export const queueLatencyUnusual = defineAlert({
  name: "QueueLatencyUnusual",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "latency" },
  thresholds: {
    warning_floor: { value: 60, unit: "duration", meaning: "Never a warning below this latency." },
    warning_factor: { value: 3, unit: "ratio", meaning: "Times the usual latency for a warning." },
    critical_floor: { value: 300, unit: "duration", meaning: "Never critical below this latency." },
    critical_factor: { value: 4, unit: "ratio", meaning: "Times the usual latency to be critical." },
    peak_factor: { value: 1.5, unit: "ratio", meaning: "Times the peak of a usual day to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "5m",
      keepFiring: "10m",
      expr: ({ usual, limit }) =>
        whileServed(
          exceeds(latency, usual(usualLatency), { factor: limit("warning_factor"), floor: limit("warning_floor") }),
        ),
    },
    {
      severity: "critical",
      for: "5m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const floor = limit("critical_floor");
        const unusual = exceeds(latency, usual(usualLatency), { factor: limit("critical_factor"), floor });
        return whileServed(exceeds(unusual, usual(peakLatency), { factor: limit("peak_factor"), floor }));
      },
    },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} is unusually late: ${t.value("duration")}`,
  description: (t) =>
    `The oldest job in ${t.label("queue")} has waited for ${t.value("duration")}, far longer than is usual at this time of day and week.`,
  runbook: {
    meaning:
      "The queue promises nothing, so it is judged by its own past: the latency at this time of the last days and weeks. Critical also means that it is above the peak of a usual day.",
    impact: "Jobs happen late. How bad that is depends on the queue: give it a promise in the config once you know.",
    diagnosis: [
      "A batch that started at another time than usual looks like this: see which class fills the queue.",
      "Compare arrivals with throughput, and both with the same time last week.",
      "Look for a class whose execution time rose.",
    ],
    look: ["queueSize", "queueHead", "workers"],
    mitigation: [
      "If it is a batch that somebody started, let it run, and silence with an end. Else treat as a backlog.",
    ],
    act: ["addWorkers", "throttleProducers", "silenceWithEnd"],
  },
  tests: [
    {
      title: "late as never before",
      series: [sample(queueLatency, { queue: "default" }, "2x2900 5+60x40")],
      at: "2930m",
      fires: ["warning", "critical"],
    },
    {
      title: "somewhat late",
      series: [sample(queueLatency, { queue: "default" }, "2x2900 120x40")],
      at: "2930m",
      fires: ["warning"],
    },
    {
      title: "a nightly batch, an hour long every day",
      series: [sample(queueLatency, { queue: "bulk" }, "0x60 10+10x60 0x1378 10+10x60 0x1378 10+10x60")],
      at: "2930m",
      fires: [],
    },
    {
      title: "no history yet: silent rather than guessing",
      series: [sample(queueLatency, { queue: "default" }, "0x100 5+60x60")],
      at: "150m",
      fires: [],
    },
    {
      title: "the first jobs of a queue that is nearly always empty, taken at once",
      series: [sample(queueLatency, { queue: "default" }, "0x2900 3 0 4 0x40")],
      at: "2903m",
      fires: [],
    },
  ],
});

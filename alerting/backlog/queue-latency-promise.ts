import { queueLatency, queueLatencyLimit, queueWorkers, workerCount } from "../../src/catalogue/jobqueue.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { defineAlert, type Severity } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileServed } from "../scopes.ts";

/** Latency over the limit that the queue promises, divided by it. */
const overPromise = (severity: Severity) => () => {
  const limit = q.maxBy(q.select(queueLatencyLimit, { severity }), queueLabels);
  return whileServed(q.above(q.select(queueLatency), limit));
};

const promise = [
  sample(queueLatencyLimit, { queue: "mailers", severity: "warning" }, "10x90"),
  sample(queueLatencyLimit, { queue: "mailers", severity: "critical" }, "60x90"),
];

export const queueLatencyPromise = defineAlert({
  name: "QueueLatencyPromiseBroken",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "latency" },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "5m", expr: overPromise("warning") },
    { severity: "critical", for: "2m", keepFiring: "5m", expr: overPromise("critical") },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} breaks its promise: ${t.value("duration")} late`,
  description: (t) =>
    `The oldest job in ${t.label("queue")} has waited for ${t.value("duration")}, longer than the queue promises.`,
  runbook: {
    meaning: "The oldest waiting job is older than the limit that the config, or the queue's name, promises.",
    impact: "What the queue is for happens late: mails, payments, exports. Users notice when the limit is well chosen.",
    diagnosis: [
      "Look at size and latency together: many jobs waiting is a backlog; few jobs waiting for long are long jobs.",
      "Compare what arrives with what is processed: did more arrive, or does less get done?",
      "See which class waits at the head, and whether its mean execution time rose.",
    ],
    look: ["queueSize", "queueHead", "workers"],
    mitigation: [
      "More arrives: throttle the producer or add workers. Less gets done: look at the database and other services first.",
    ],
    act: ["addWorkers", "throttleProducers", "requeueSafely"],
  },
  tests: [
    {
      title: "over the critical limit",
      series: [...promise, sample(queueLatency, { queue: "mailers" }, "0x10 70+60x20")],
      at: "20m",
      fires: ["warning", "critical"],
    },
    {
      title: "over the warning limit",
      series: [...promise, sample(queueLatency, { queue: "mailers" }, "0x10 30x30")],
      at: "20m",
      fires: ["warning"],
    },
    {
      title: "one bad scrape",
      series: [...promise, sample(queueLatency, { queue: "mailers" }, "0x10 300 0x30")],
      at: "12m",
      fires: [],
    },
    {
      title: "nobody serves the queue: another alert says so",
      series: [
        ...promise,
        sample(queueLatency, { queue: "mailers" }, "0x10 70+60x20"),
        sample(queueWorkers, { queue: "mailers" }, "0x40"),
      ],
      at: "20m",
      fires: [],
    },
    {
      title: "no workers at all",
      series: [
        ...promise,
        sample(queueLatency, { queue: "mailers" }, "0x10 70+60x20"),
        sample(workerCount, { state: "active" }, "0x40"),
      ],
      at: "20m",
      fires: [],
    },
    {
      title: "the target cannot be read",
      series: [
        ...promise,
        sample(queueLatency, { queue: "mailers" }, "0x10 70+60x20"),
        sample(targetUp, {}, "1x12 0x30"),
      ],
      at: "20m",
      fires: [],
    },
  ],
});

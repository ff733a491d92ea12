import { queueSize, queueSizeLimit } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Severity } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileServed } from "../scopes.ts";

const overPromise = (severity: Severity) => () => {
  const limit = q.maxBy(q.select(queueSizeLimit, { severity }), queueLabels);
  return whileServed(q.above(q.select(queueSize), limit));
};

const promise = [
  sample(queueSizeLimit, { queue: "reports", severity: "warning" }, "100x90"),
  sample(queueSizeLimit, { queue: "reports", severity: "critical" }, "500x90"),
];

export const queueSizePromise = defineAlert({
  name: "QueueSizePromiseBroken",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "size" },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "5m", expr: overPromise("warning") },
    { severity: "critical", for: "2m", keepFiring: "5m", expr: overPromise("critical") },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} is over its size: ${t.value("count")} jobs wait`,
  description: (t) => `${t.value("count")} jobs wait in ${t.label("queue")}, more than the queue promises.`,
  runbook: {
    meaning: "More jobs wait than the limit that the config gives the queue.",
    impact: "The next jobs wait behind all of them, and Redis holds them in memory.",
    diagnosis: [
      "See which class fills the queue and since when; compare arrivals with throughput.",
      "Estimate the time to drain: size divided by (processed less arriving).",
    ],
    look: ["queueSize", "queueHead", "redisMemory"],
    mitigation: ["Stop what need not run now; add workers for what must."],
    act: ["throttleProducers", "addWorkers", "quarantineJobs"],
  },
  tests: [
    {
      title: "over the critical limit",
      series: [...promise, sample(queueSize, { queue: "reports" }, "0x10 600x40")],
      at: "20m",
      fires: ["warning", "critical"],
    },
    {
      title: "over the warning limit",
      series: [...promise, sample(queueSize, { queue: "reports" }, "0x10 200x40")],
      at: "20m",
      fires: ["warning"],
    },
    {
      title: "one bad scrape",
      series: [...promise, sample(queueSize, { queue: "reports" }, "0x10 900 0x40")],
      at: "12m",
      fires: [],
    },
    {
      title: "the queue was deleted",
      series: [...promise, sample(queueSize, { queue: "reports" }, "900x10 0 stale")],
      at: "20m",
      fires: [],
    },
  ],
});

import { queuePaused, queueSize, queueWorkers } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileWorking } from "../scopes.ts";

/** Jobs in queues that nobody serves and nobody has paused. */
const unserved = q.unless(
  q.and(q.above(q.select(queueSize), 0), q.equal(q.select(queueWorkers), 0)),
  q.equal(q.select(queuePaused), 1),
);
const servedBefore = q.above(q.maxOverTime(q.range(queueWorkers, "1d")), 0);
const growing = q.above(q.delta(q.range(queueSize, "30m")), 0);

export const queueUnserved = defineAlert({
  name: "QueueUnserved",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "workers" },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "5m", expr: () => whileWorking(q.and(unserved, growing)) },
    { severity: "critical", for: "5m", keepFiring: "5m", expr: () => whileWorking(q.and(unserved, servedBefore)) },
  ],
  summary: (t) => `No worker serves queue ${t.label("queue")} of ${t.label("target")}: ${t.value("count")} jobs wait`,
  description: (t) =>
    `${t.value("count")} jobs wait in ${t.label("queue")}, other queues have workers, this one has none.`,
  runbook: {
    meaning:
      "Other workers of the target are alive, none of them takes jobs of this queue. Critical: it had workers within the last day.",
    impact: "Nothing of the queue gets done until a worker for it starts.",
    diagnosis: [
      "Was a queue renamed or added in a deploy, and the workers' configuration not?",
      "Did the process that serves it die, or was it scaled to zero?",
    ],
    look: ["queueWorkers", "workers", "queueHead"],
    mitigation: ["Start a worker with the queue in its list; restart what should serve it."],
    act: ["addWorkers", "restartWorkers"],
  },
  tests: [
    {
      title: "the only worker for it is gone",
      series: [
        sample(queueSize, { queue: "reports" }, "0x30 1+5x60"),
        sample(queueWorkers, { queue: "reports" }, "2x30 0x60"),
      ],
      at: "45m",
      fires: ["warning", "critical"],
    },
    {
      title: "a new queue that nobody has ever served",
      series: [
        sample(queueSize, { queue: "reports" }, "0x30 1+5x60"),
        sample(queueWorkers, { queue: "reports" }, "0x90"),
      ],
      at: "45m",
      fires: ["warning"],
    },
    {
      title: "old jobs that nobody wants",
      series: [sample(queueSize, { queue: "legacy" }, "17x90"), sample(queueWorkers, { queue: "legacy" }, "0x90")],
      at: "60m",
      fires: [],
    },
    {
      title: "a deploy that restarts all workers at once",
      series: [
        sample(queueSize, { queue: "reports" }, "0x30 5 9 0x60"),
        sample(queueWorkers, { queue: "reports" }, "2x29 0x2 2x60"),
      ],
      at: "34m",
      fires: [],
    },
    {
      title: "an empty queue without workers",
      series: [
        sample(queueSize, { queue: "reports" }, "0x90"),
        sample(queueWorkers, { queue: "reports" }, "2x30 0x60"),
      ],
      at: "60m",
      fires: [],
    },
  ],
});

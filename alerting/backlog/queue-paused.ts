import { queuePaused, queueSize, workerCount } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { queueLabels, whileWorking } from "../scopes.ts";

const pausedFor = (window: q.Duration) =>
  whileWorking(
    q.and(
      q.above(q.select(queueSize), 0),
      q.and(q.equal(q.minOverTime(q.range(queuePaused, window)), 1), q.equal(q.select(queuePaused), 1)),
    ),
  );

export const queuePausedTooLong = defineAlert({
  name: "QueuePausedTooLong",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "size" },
  levels: [
    { severity: "warning", for: "10m", keepFiring: "2m", expr: () => pausedFor("5m") },
    { severity: "critical", for: "1h", keepFiring: "2m", expr: () => pausedFor("5m") },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} is still paused: ${t.value("count")} jobs wait`,
  description: (t) => `${t.label("queue")} has been paused for long, and ${t.value("count")} jobs wait in it.`,
  runbook: {
    meaning: "Somebody paused the queue, jobs wait in it, and nobody has resumed it.",
    impact: "Nothing of the queue gets done. Pauses are easily forgotten.",
    diagnosis: ["Ask who paused it and why; look into the notes of the last incident or deploy."],
    look: ["queueSize", "pausedQueues"],
    mitigation: ["Resume it when its reason is gone. Is the backlog large, resume when workers have room."],
    act: ["resumeQueue"],
  },
  tests: [
    {
      title: "forgotten",
      series: [sample(queueSize, { queue: "mailers" }, "5+3x120"), sample(queuePaused, { queue: "mailers" }, "1x120")],
      at: "80m",
      fires: ["warning", "critical"],
    },
    {
      title: "a while",
      series: [sample(queueSize, { queue: "mailers" }, "5+3x120"), sample(queuePaused, { queue: "mailers" }, "1x120")],
      at: "30m",
      fires: ["warning"],
    },
    {
      title: "for a short maintenance",
      series: [
        sample(queueSize, { queue: "mailers" }, "5+3x120"),
        sample(queuePaused, { queue: "mailers" }, "0x20 1x8 0x90"),
      ],
      at: "29m",
      fires: [],
    },
    {
      title: "paused and empty",
      series: [sample(queueSize, { queue: "mailers" }, "0x120"), sample(queuePaused, { queue: "mailers" }, "1x120")],
      at: "80m",
      fires: [],
    },
    {
      title: "no worker could take them anyway: another alert",
      series: [
        sample(queueSize, { queue: "mailers" }, "5+3x120"),
        sample(queuePaused, { queue: "mailers" }, "1x120"),
        sample(workerCount, { state: "active" }, "4x10 0x110"),
      ],
      at: "80m",
      fires: [],
    },
  ],
});

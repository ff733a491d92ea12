import { failureRecorded } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualQueueRecords } from "../baselines.ts";
import { exceeds, queueLabels, whileReadable } from "../scopes.ts";

/** New failure records a minute. */
function spiking({ usual, limit }: Given, times: number) {
  const perMinute = q.multiply(q.sumBy(q.rate(failureRecorded, "10m"), queueLabels), 60);
  const past = q.multiply(usual(usualQueueRecords), 60);
  return whileReadable<(typeof queueLabels)[number]>(
    exceeds(perMinute, past, { factor: limit("factor") * times, floor: limit("floor") * times }),
  );
}

export const queueFailureSpike = defineAlert({
  name: "QueueFailureSpike",
  category: "failure",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "failures" },
  thresholds: {
    floor: {
      value: 3,
      unit: "count",
      meaning: "Never a warning below so many failures a minute; critical at five times.",
    },
    factor: { value: 5, unit: "ratio", meaning: "Times the usual failures a minute; critical at five times as much." },
  },
  levels: [
    { severity: "warning", for: "5m", keepFiring: "10m", expr: (given) => spiking(given, 1) },
    { severity: "critical", for: "5m", keepFiring: "10m", expr: (given) => spiking(given, 5) },
  ],
  summary: (t) => `${t.value("count")} failures a minute in queue ${t.label("queue")} of ${t.label("target")}`,
  description: (t) =>
    `Jobs of ${t.label("queue")} fail ${t.value("count")} times a minute, many times as often as usual around this time.`,
  runbook: {
    meaning: "New failure records of the queue's jobs come in far faster than on the last days. A lower bound.",
    impact: "Work of this queue is not done. For Resque there are no counts by class, so this is the first sign.",
    diagnosis: ["Which class and error dominate? The Queue dashboard has a panel for it."],
    look: ["failedList", "retrySet", "queueHead"],
    mitigation: ["Find out whether code, a service or payloads are the cause, and treat that."],
    act: ["rollback", "pauseQueue", "requeueSafely"],
  },
  tests: [
    {
      title: "many",
      series: [
        sample(
          failureRecorded,
          { queue: "default", "job.class": "ImportJob", "error.type": "IOError" },
          "0x2900 0+40x60",
        ),
      ],
      at: "2920m",
      fires: ["warning", "critical"],
    },
    {
      title: "some",
      series: [
        sample(
          failureRecorded,
          { queue: "default", "job.class": "ImportJob", "error.type": "IOError" },
          "0x2900 0+6x60",
        ),
      ],
      at: "2920m",
      fires: ["warning"],
    },
    {
      title: "as many as always",
      series: [
        sample(failureRecorded, { queue: "default", "job.class": "ImportJob", "error.type": "IOError" }, "0+6x2960"),
      ],
      at: "2920m",
      fires: [],
    },
    {
      title: "no history yet",
      series: [
        sample(
          failureRecorded,
          { queue: "default", "job.class": "ImportJob", "error.type": "IOError" },
          "0x20 0+40x60",
        ),
      ],
      at: "50m",
      fires: [],
    },
  ],
});

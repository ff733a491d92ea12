import { queueSize, queueSizeLimit } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { peakSize, usualSize } from "../baselines.ts";
import { exceeds, queueLabels, whileServed } from "../scopes.ts";

const size = q.unless(q.select(queueSize), q.select(queueSizeLimit), q.on(...queueLabels));

/** Not already going down at a pace that empties the queue within a quarter of an hour. */
const notDraining = q.above(q.predictLinear(q.range(queueSize, "10m"), 900), 0);

export const queueSizeUnusual = defineAlert({
  name: "QueueSizeUnusual",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "size" },
  thresholds: {
    warning_floor: { value: 300, unit: "count", meaning: "Never a warning below this size." },
    warning_factor: { value: 4, unit: "ratio", meaning: "Times the usual size for a warning." },
    critical_floor: { value: 3_000, unit: "count", meaning: "Never critical below this size." },
    critical_factor: { value: 8, unit: "ratio", meaning: "Times the usual size to be critical." },
    peak_factor: { value: 2, unit: "ratio", meaning: "Times the peak of a usual day to be critical." },
  },
  levels: [
    {
      severity: "warning",
      for: "5m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const unusual = exceeds(size, usual(usualSize), {
          factor: limit("warning_factor"),
          floor: limit("warning_floor"),
        });
        return whileServed(q.and(unusual, notDraining));
      },
    },
    {
      severity: "critical",
      for: "10m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const floor = limit("critical_floor");
        const unusual = exceeds(size, usual(usualSize), { factor: limit("critical_factor"), floor });
        const unseen = exceeds(unusual, usual(peakSize), { factor: limit("peak_factor"), floor });
        return whileServed(q.and(unseen, notDraining));
      },
    },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} is unusually long: ${t.value("count")} jobs`,
  description: (t) =>
    `${t.value("count")} jobs wait in ${t.label("queue")}, far more than is usual at this time, and it is not draining.`,
  runbook: {
    meaning: "The queue has no size limit of its own; it is several times longer than at this time of the last days.",
    impact: "Whatever comes next waits behind it, and Redis's memory goes into it.",
    diagnosis: [
      "More than usual arriving, or less than usual processed? The Queue dashboard shows both.",
      "One class or many? One class is a batch, a loop in the code, or an attack; many are slow workers.",
    ],
    look: ["queueSize", "queueHead", "counters"],
    mitigation: ["Find the producer before adding workers: a loop fills the queue faster than workers empty it."],
    act: ["throttleProducers", "addWorkers", "quarantineJobs"],
  },
  tests: [
    {
      title: "thousands where there were none",
      series: [sample(queueSize, { queue: "default" }, "0x2900 500+400x60")],
      at: "2940m",
      fires: ["warning", "critical"],
    },
    {
      title: "hundreds",
      series: [sample(queueSize, { queue: "default" }, "0x2900 600+1x60")],
      at: "2940m",
      fires: ["warning"],
    },
    {
      title: "draining fast",
      series: [sample(queueSize, { queue: "default" }, "0x2900 5000-200x25 0x20")],
      at: "2925m",
      fires: [],
    },
    {
      title: "a nightly batch",
      series: [sample(queueSize, { queue: "bulk" }, "0x60 5000-50x60 0x1378 5000-50x60 0x1378 5000-50x60")],
      at: "2920m",
      fires: [],
    },
    {
      title: "no history yet",
      series: [sample(queueSize, { queue: "default" }, "0x100 500+400x60")],
      at: "150m",
      fires: [],
    },
  ],
});

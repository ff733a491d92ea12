import { queueSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { peakSize, usualSize } from "../baselines.ts";
import { exceeds, queueLabels, whileServed } from "../scopes.ts";

/** Growing over the last half hour, and over both of its halves. */
const growing = (now: q.Expr<(typeof queueLabels)[number]>) =>
  q.and(
    q.and(now, q.above(q.deriv(q.range(queueSize, "30m")), 0)),
    q.and(
      q.above(q.delta(q.range(queueSize, "15m")), 0),
      q.above(q.offset(q.delta(q.range(queueSize, "15m")), "15m"), 0),
    ),
  );

export const queueGrowing = defineAlert({
  name: "QueueGrowing",
  category: "backlog",
  team: "operations",
  labels: queueLabels,
  panel: { dashboard: "queue", panel: "drain" },
  thresholds: {
    floor: { value: 150, unit: "count", meaning: "Never below this size." },
    factor: { value: 2.5, unit: "ratio", meaning: "Times the usual size." },
  },
  levels: [
    {
      severity: "warning",
      for: "5m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const unusual = exceeds(q.select(queueSize), usual(usualSize), {
          factor: limit("factor"),
          floor: limit("floor"),
        });
        return whileServed(growing(unusual));
      },
    },
    {
      severity: "critical",
      for: "30m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const size = { factor: 2 * limit("factor"), floor: 10 * limit("floor") };
        const unusual = exceeds(q.select(queueSize), usual(usualSize), size);
        return whileServed(growing(exceeds(unusual, usual(peakSize), { factor: 2, floor: size.floor })));
      },
    },
  ],
  summary: (t) => `Queue ${t.label("queue")} of ${t.label("target")} grows faster than it drains: ${t.value("count")}`,
  description: (t) =>
    `${t.value("count")} jobs wait in ${t.label("queue")}, more than usual, and it has grown for half an hour.`,
  runbook: {
    meaning: "More arrives than is processed, and has for half an hour. It will not mend itself.",
    impact: "Latency rises without end until arrivals fall or throughput rises.",
    diagnosis: ["Compare arrivals and throughput with last week's: which of the two changed?"],
    look: ["queueSize", "queueHead", "workers"],
    mitigation: ["Add workers if the database has room; else slow the producer down."],
    act: ["addWorkers", "throttleProducers"],
  },
  tests: [
    {
      title: "slowly and steadily",
      series: [sample(queueSize, { queue: "default" }, "0x2900 10+10x90")],
      at: "2950m",
      fires: ["warning"],
    },
    {
      title: "much and for long",
      series: [sample(queueSize, { queue: "default" }, "0x2900 100+100x90")],
      at: "2985m",
      fires: ["warning", "critical"],
    },
    {
      title: "large, but steady",
      series: [sample(queueSize, { queue: "default" }, "0x2900 900x90")],
      at: "2950m",
      fires: [],
    },
    {
      title: "as on every day",
      series: [sample(queueSize, { queue: "bulk" }, "0x60 10+10x60 0x1378 10+10x60 0x1378 10+10x60")],
      at: "2925m",
      fires: [],
    },
  ],
});

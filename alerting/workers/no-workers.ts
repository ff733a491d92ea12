import { queueSize, workerCount } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualWorkers } from "../baselines.ts";
import { targetLabels, waiting, whileReadable, withoutWorkers } from "../scopes.ts";

const active = { state: "active" } as const;
const workedToday = q.above(q.maxBy(q.maxOverTime(q.range(workerCount, "1d", active)), targetLabels), 0);

export const noWorkers = defineAlert({
  name: "NoWorkers",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "states" },
  levels: [
    {
      severity: "critical",
      for: "3m",
      keepFiring: "2m",
      expr: ({ usual }) => {
        const missed = q.or(q.above(waiting, 0), q.above(usual(usualWorkers), 0));
        return whileReadable(q.and(withoutWorkers, q.and(missed, workedToday)));
      },
    },
  ],
  summary: (t) => `No worker is active in ${t.label("target")}`,
  description: (t) => `Not one active worker gives heartbeats in ${t.label("target")}: no job is being executed.`,
  runbook: {
    meaning: "There were workers within the last day; now none is active, while jobs wait or workers would be usual.",
    impact: "All background work has stopped.",
    diagnosis: [
      "Were they stopped (deploy, scaling to zero) or did they die (memory, crash on start)?",
      "Can the workers reach Redis: password, network, DNS?",
    ],
    look: ["workers", "counters"],
    mitigation: ["Start workers. If they die at once, roll the last deploy back."],
    act: ["restartWorkers", "rollback", "addWorkers"],
  },
  tests: [
    {
      title: "all gone, jobs wait",
      series: [sample(workerCount, active, "4x30 0x40"), sample(queueSize, { queue: "default" }, "0x30 1+5x40")],
      at: "40m",
      fires: ["critical"],
    },
    {
      title: "a deploy that restarts all at once",
      series: [sample(workerCount, active, "4x30 0x1 4x40"), sample(queueSize, { queue: "default" }, "0x30 8 4 0x40")],
      at: "33m",
      fires: [],
    },
    {
      title: "scaled to zero, nothing to do",
      series: [sample(workerCount, active, "4x30 0x40"), sample(queueSize, { queue: "default" }, "0x90")],
      at: "60m",
      fires: [],
    },
    {
      title: "a target that has no workers yet",
      series: [sample(workerCount, active, "0x90"), sample(queueSize, { queue: "default" }, "5x90")],
      at: "60m",
      fires: [],
    },
  ],
});

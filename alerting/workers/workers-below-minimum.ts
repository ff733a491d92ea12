import { workerCount, workerMinimum } from "../../src/catalogue/jobqueue.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileWorking } from "../scopes.ts";

const active = q.sumBy(q.select(workerCount, { state: "active" }), targetLabels);

export const workersBelowMinimum = defineAlert({
  name: "WorkersBelowMinimum",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "states" },
  levels: [
    {
      severity: "warning",
      for: "4m",
      keepFiring: "2m",
      expr: () => whileWorking(q.below(active, q.select(workerMinimum))),
    },
    {
      severity: "critical",
      for: "5m",
      keepFiring: "2m",
      expr: () => whileWorking(q.atMost(active, q.multiply(q.select(workerMinimum), 0.5))),
    },
  ],
  summary: (t) => `Only ${t.value("count")} workers are active in ${t.label("target")}`,
  description: (t) => `${t.value("count")} workers are active in ${t.label("target")}, fewer than configured.`,
  runbook: {
    meaning: "Fewer active workers than `workers.minimum` says; critical at half and below.",
    impact: "Less gets done than planned; the rest of the workers may be next.",
    diagnosis: ["Which hosts are missing? Killed for memory, crashed, or never started after a deploy?"],
    look: ["workers", "workerJobs"],
    mitigation: ["Start what is missing; see NoWorkers if they do not stay."],
    act: ["restartWorkers", "addWorkers"],
  },
  tests: [
    {
      title: "one of four is left",
      series: [sample(workerCount, { state: "active" }, "4x10 1x40"), sample(workerMinimum, {}, "4x60")],
      at: "20m",
      fires: ["warning", "critical"],
    },
    {
      title: "three of four",
      series: [sample(workerCount, { state: "active" }, "4x10 3x40"), sample(workerMinimum, {}, "4x60")],
      at: "20m",
      fires: ["warning"],
    },
    {
      title: "a rolling deploy",
      series: [sample(workerCount, { state: "active" }, "4x10 3x2 4x40"), sample(workerMinimum, {}, "4x60")],
      at: "13m",
      fires: [],
    },
  ],
});

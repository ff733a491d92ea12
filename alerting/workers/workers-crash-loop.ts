import { workerCount, workerLost, workerStarted } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const usualNumber = q.maxBy(q.maxOverTime(q.range(workerCount, "1h", { state: "active" })), targetLabels);

/** More starts, or more losses, than the replacement of every worker twice would take. */
function looping({ limit }: Given, times: number) {
  const least = limit("events") * times;
  const rounds = q.multiply(usualNumber, limit("rounds") * times);
  const started = q.increase(workerStarted, "20m");
  const lost = q.increase(workerLost, "20m");
  const starting = q.and(q.above(started, least), q.above(started, rounds));
  const dying = q.and(q.above(lost, least), q.above(q.multiply(lost, 2), rounds));
  return whileReadable(q.or(starting, dying));
}

export const workersCrashLoop = defineAlert({
  name: "WorkersCrashLoop",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "coming-and-going" },
  thresholds: {
    events: { value: 5, unit: "count", meaning: "Least number of starts or losses in twenty minutes." },
    rounds: { value: 2.5, unit: "ratio", meaning: "Times the number of workers; losses count twice." },
  },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "10m", expr: (given) => looping(given, 1) },
    { severity: "critical", for: "5m", keepFiring: "10m", expr: (given) => looping(given, 2) },
  ],
  summary: (t) => `Workers of ${t.label("target")} start and die over and over`,
  description: (t) =>
    `${t.value("count")} workers of ${t.label("target")} started or were lost in twenty minutes, several times their number.`,
  runbook: {
    meaning: "Workers come and go far more often than a deploy explains.",
    impact: "Each start costs time and takes jobs along that are lost or run twice.",
    diagnosis: [
      "What do their logs say last? Memory, a missing setting, a migration that has not run?",
      "Does one job kill each worker that takes it? Look for a job that is retried and never ends.",
    ],
    look: ["workers", "workerJobs", "queueHead"],
    mitigation: ["Roll back, or take the killing job out of its queue."],
    act: ["rollback", "quarantineJobs", "restartWorkers"],
  },
  tests: [
    {
      title: "a loop",
      series: [
        sample(workerCount, { state: "active" }, "4x90"),
        sample(workerStarted, {}, "0x30 0+2x60"),
        sample(workerLost, {}, "0x30 0+2x60"),
      ],
      at: "55m",
      fires: ["warning", "critical"],
    },
    {
      title: "a slow loop",
      series: [
        sample(workerCount, { state: "active" }, "4x90"),
        sample(workerStarted, {}, "0x30 1 1 2 3 3 4 5 5 6 7 7 8 9 9 10 11 12 12 13 14 14x60"),
      ],
      at: "49m",
      fires: ["warning"],
    },
    {
      title: "a deploy",
      series: [sample(workerCount, { state: "active" }, "4x90"), sample(workerStarted, {}, "0x30 4x60")],
      at: "45m",
      fires: [],
    },
  ],
});

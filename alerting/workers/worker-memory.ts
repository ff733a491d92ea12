import { workerMemory, workerSlots } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import { memoryPerSlot, usualMemory } from "../baselines.ts";
import { exceeds, targetLabels, whileReadable } from "../scopes.ts";

const mebibyte = 1024 ** 2;
const grown = ({ usual, limit }: Given, level: "warning" | "critical") =>
  whileReadable<(typeof targetLabels)[number]>(
    exceeds(memoryPerSlot, usual(usualMemory), { factor: limit(level), floor: limit("floor") }),
  );
const host = { "host.name": "worker-1" } as const;

export const workerMemoryGrowing = defineAlert({
  name: "WorkerMemoryGrowing",
  category: "workers",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "workers", panel: "memory" },
  thresholds: {
    warning: { value: 1.3, unit: "ratio", meaning: "Times the peak of a usual day, for a warning." },
    critical: { value: 2.5, unit: "ratio", meaning: "Times the peak of a usual day, to be critical." },
    floor: { value: 32 * mebibyte, unit: "bytes", meaning: "Never below so much memory for each job slot." },
  },
  levels: [
    { severity: "warning", for: "10m", keepFiring: "15m", expr: (given) => grown(given, "warning") },
    { severity: "critical", for: "10m", keepFiring: "15m", expr: (given) => grown(given, "critical") },
  ],
  summary: (t) => `Workers of ${t.label("target")} use ${t.value("bytes")} for each slot, more than ever`,
  description: (t) =>
    `Workers of ${t.label("target")} use ${t.value("bytes")} for each job slot, well above the peak of a usual day.`,
  runbook: {
    meaning: "The workers' resident memory, divided by their job slots, is above its past.",
    impact: "The kernel ends workers that outgrow the machine, with the jobs they hold.",
    diagnosis: ["Since a deploy, since a class became frequent, or steadily since the last restart (a leak)?"],
    look: ["workers", "workerJobs"],
    mitigation: ["A rolling restart buys time; then find the class that takes it."],
    act: ["restartWorkers", "rollback"],
  },
  tests: [
    {
      title: "three times as much",
      series: [sample(workerMemory, host, "1e9x3000 3e9x60"), sample(workerSlots, host, "10x3100")],
      at: "3030m",
      fires: ["warning", "critical"],
    },
    {
      title: "half as much again",
      series: [sample(workerMemory, host, "1e9x3000 1.5e9x60"), sample(workerSlots, host, "10x3100")],
      at: "3030m",
      fires: ["warning"],
    },
    {
      title: "twice the workers, twice the memory",
      series: [sample(workerMemory, host, "1e9x3000 2e9x60"), sample(workerSlots, host, "10x3000 20x60")],
      at: "3030m",
      fires: [],
    },
  ],
});

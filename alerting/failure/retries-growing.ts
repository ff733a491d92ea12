import { setSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualSets } from "../baselines.ts";
import { exceeds, targetLabels, whileReadable } from "../scopes.ts";

const labels = [...targetLabels, "set"] as const;
const retry = { set: "retry" } as const;

function growing({ usual, limit }: Given, times: number) {
  const size = { factor: limit("factor") * times, floor: limit("floor") * times };
  const large = exceeds(q.select(setSize, retry), usual(usualSets), size);
  return whileReadable<(typeof labels)[number]>(q.and(large, q.above(q.delta(q.range(setSize, "15m", retry)), 0)));
}

export const retriesGrowing = defineAlert({
  name: "RetriesGrowing",
  category: "failure",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "failure-share" },
  thresholds: {
    floor: { value: 200, unit: "count", meaning: "Never a warning below this size; critical at eight times." },
    factor: { value: 2.5, unit: "ratio", meaning: "Times the usual size; critical at eight times as much." },
  },
  levels: [
    { severity: "warning", for: "5m", keepFiring: "10m", expr: (given) => growing(given, 1) },
    { severity: "critical", for: "10m", keepFiring: "10m", expr: (given) => growing(given, 8) },
  ],
  summary: (t) => `${t.value("count")} jobs wait for a retry in ${t.label("target")}, and more come`,
  description: (t) =>
    `The retry set of ${t.label("target")} holds ${t.value("count")} jobs, far more than usual, and grows.`,
  runbook: {
    meaning: "Jobs fail faster than their retries succeed.",
    impact: "Retries come back in waves; after some 25 attempts the jobs die.",
    diagnosis: ["Which classes and errors make up the set? See the composition on the Queue and Classes dashboards."],
    look: ["retrySet", "counters"],
    mitigation: ["Mend the cause before the retries come due; do not retry all at once by hand."],
    act: ["rollback", "requeueSafely"],
  },
  tests: [
    {
      title: "thousands",
      series: [sample(setSize, retry, "5x2900 100+200x60")],
      at: "2935m",
      fires: ["warning", "critical"],
    },
    { title: "hundreds", series: [sample(setSize, retry, "5x2900 200+5x60")], at: "2935m", fires: ["warning"] },
    { title: "large, but falling", series: [sample(setSize, retry, "5x2900 3000-10x60")], at: "2935m", fires: [] },
    { title: "no history yet", series: [sample(setSize, retry, "5x20 100+200x60")], at: "60m", fires: [] },
  ],
});

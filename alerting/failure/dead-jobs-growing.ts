import { setSize } from "../../src/catalogue/jobqueue.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualSetGrowth } from "../baselines.ts";
import { exceeds, targetLabels, whileReadable } from "../scopes.ts";

const labels = [...targetLabels, "set"] as const;
const dead = { set: q.anyOf(["dead", "failed"]) };

function growing({ usual, limit }: Given, times: number) {
  const grown = q.delta(q.range(setSize, "1h", dead));
  return whileReadable<(typeof labels)[number]>(
    exceeds(grown, q.multiply(usual(usualSetGrowth), 4), {
      factor: limit("factor") * times,
      floor: limit("floor") * times,
    }),
  );
}

export const deadJobsGrowing = defineAlert({
  name: "DeadJobsGrowing",
  category: "failure",
  team: "operations",
  labels,
  panel: { dashboard: "overview", panel: "failure-share" },
  thresholds: {
    floor: { value: 25, unit: "count", meaning: "Never a warning below this growth an hour; critical at ten times." },
    factor: { value: 2.5, unit: "ratio", meaning: "Times the usual growth; critical at ten times as much." },
  },
  levels: [
    { severity: "warning", for: "3m", keepFiring: "10m", expr: (given) => growing(given, 1) },
    { severity: "critical", for: "10m", keepFiring: "10m", expr: (given) => growing(given, 10) },
  ],
  summary: (t) => `${t.value("count")} jobs were given up in an hour in ${t.label("target")} (${t.label("set")})`,
  description: (t) =>
    `The ${t.label("set")} set of ${t.label("target")} grew by ${t.value("count")} jobs in an hour, far more than usual. Nobody will retry them.`,
  runbook: {
    meaning: "Sidekiq's dead set or Resque's failed list takes in far more jobs than on other days.",
    impact: "This work is not done and will not be unless somebody requeues it. Sidekiq forgets the oldest dead jobs.",
    diagnosis: ["Which classes and errors? Did they fail for days (Sidekiq's retries) or just now (Resque)?"],
    look: ["deadSet", "failedList"],
    mitigation: ["Mend the cause, then requeue what may run late, in small lots."],
    act: ["requeueSafely", "protectEvidence"],
  },
  tests: [
    {
      title: "hundreds an hour",
      series: [sample(setSize, { set: "failed" }, "5x2900 10+20x90")],
      at: "2960m",
      fires: ["warning", "critical"],
    },
    {
      title: "one a minute",
      series: [sample(setSize, { set: "dead" }, "5x2900 6+1x90")],
      at: "2960m",
      fires: ["warning"],
    },
    {
      title: "somebody cleared it",
      series: [sample(setSize, { set: "failed" }, "900x2900 0x90")],
      at: "2920m",
      fires: [],
    },
    { title: "as fast as always", series: [sample(setSize, { set: "failed" }, "0+1x2990")], at: "2960m", fires: [] },
  ],
});

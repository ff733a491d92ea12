import { jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { usualArrivals } from "../baselines.ts";
import { arrivals, arrivalsOver, exceeds, targetLabels, whileReadableFor } from "../scopes.ts";

export const targetFlood = defineAlert({
  name: "TargetFlooded",
  category: "flood",
  team: "security",
  labels: targetLabels,
  panel: { dashboard: "threats", panel: "arrivals" },
  thresholds: {
    warning_factor: { value: 1.6, unit: "ratio", meaning: "Times the usual arrivals over ten minutes, for a warning." },
    sudden_factor: { value: 2.2, unit: "ratio", meaning: "Times the usual arrivals over five minutes, for a warning." },
    warning_floor: { value: 1, unit: "per second", meaning: "Never a warning below this rate." },
    critical_factor: {
      value: 3,
      unit: "ratio",
      meaning: "Times the usual arrivals over five minutes, to be critical.",
    },
    critical_floor: { value: 3, unit: "per second", meaning: "Never critical below this rate." },
  },
  levels: [
    {
      severity: "warning",
      for: "3m",
      keepFiring: "10m",
      expr: ({ usual, limit }) => {
        const floor = limit("warning_floor");
        const sustained = exceeds(arrivals, usual(usualArrivals), { factor: limit("warning_factor"), floor });
        const sudden = exceeds(arrivalsOver("5m"), usual(usualArrivals), { factor: limit("sudden_factor"), floor });
        return whileReadableFor(q.or(sudden, sustained), "20m");
      },
    },
    {
      // Longer than the window: a batch that is put in at once is in sight for five minutes only.
      severity: "critical",
      for: "6m",
      keepFiring: "10m",
      expr: ({ usual, limit }) =>
        whileReadableFor(
          exceeds(arrivalsOver("5m"), usual(usualArrivals), {
            factor: limit("critical_factor"),
            floor: limit("critical_floor"),
          }),
          "20m",
        ),
    },
  ],
  summary: (t) => `Flood: ${t.value("count")} jobs a second arrive in ${t.label("target")}, far more than usual`,
  description: (t) =>
    `Jobs arrive in ${t.label("target")} at ${t.value("count")} a second, several times the usual rate at this time of day and week.`,
  runbook: {
    meaning:
      "Arrivals (jobs processed plus the growth of all queues) are several times what they have been at this time on any of the last days and weeks.",
    impact:
      "A denial of service against the job system, by intent or by mistake: everything behind the flood waits, Redis fills up.",
    diagnosis: [
      "Which queue and class grow? What enqueues that class: a public endpoint, an import, a retry loop?",
      "Does one user, tenant or address cause it? Look into the application's access log for the same minutes.",
      "Is a campaign, import or migration planned for now?",
    ],
    look: ["counters", "queueSize", "queueHead", "redisMemory"],
    mitigation: [
      "Treat it as an attack until somebody explains it: rate-limit or block the source first, then drain.",
      "Do not clear queues before the evidence is kept: real jobs are among them.",
    ],
    act: ["throttleProducers", "protectEvidence", "quarantineJobs", "pauseQueue"],
  },
  tests: [
    {
      title: "ten times the usual",
      series: [
        sample(jobProcessed, {}, "0+300x2900 900000+3000x60"),
        sample(queueSize, { queue: "default" }, "0x2900 0+600x60"),
      ],
      at: "2925m",
      fires: ["warning", "critical"],
    },
    {
      title: "twice the usual",
      series: [sample(jobProcessed, {}, "0+300x2900 870600+630x60")],
      at: "2930m",
      fires: ["warning"],
    },
    {
      title: "an import that is put in at once",
      series: [sample(jobProcessed, {}, "0+300x2960"), sample(queueSize, { queue: "default" }, "0x2900 9000-20x60")],
      at: "2912m",
      fires: ["warning"],
    },
    {
      title: "workers died: the queue grows, arrivals do not",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000x60"),
        sample(queueSize, { queue: "default" }, "0x2900 0+300x60"),
      ],
      at: "2930m",
      fires: [],
    },
    {
      title: "workers are back: the backlog drains, arrivals do not rise",
      series: [
        sample(jobProcessed, {}, "0+300x2900 870000+1500x30"),
        sample(queueSize, { queue: "default" }, "0x2860 40000x39 40000-1200x30"),
      ],
      at: "2915m",
      fires: [],
    },
    {
      title: "the target could not be read meanwhile",
      series: [
        sample(jobProcessed, {}, "0+300x2900 _x30 980000+300x60"),
        sample(queueSize, { queue: "default" }, "0x2900 _x30 90000+6000x60"),
        sample(targetUp, {}, "1x2900 0x30 1x60"),
      ],
      at: "2945m",
      fires: [],
    },
    {
      title: "Redis's statistics were reset",
      series: [sample(jobProcessed, {}, "0+300x2900 0+300x60")],
      at: "2912m",
      fires: [],
    },
    { title: "no history yet", series: [sample(jobProcessed, {}, "0+300x60 20000+9000x60")], at: "100m", fires: [] },
  ],
});

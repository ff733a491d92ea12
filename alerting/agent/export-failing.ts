import { exportPoints } from "../../src/catalogue/queuewatch.ts";
import { defineAlert, type Given } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";

const labels = ["environment", "destination"] as const;
const lost = q.sumBy(q.increase(exportPoints, "10m", { outcome: q.anyOf(["rejected", "dropped"]) }), labels);
const all = q.sumBy(q.increase(exportPoints, "10m"), labels);

const share = ({ limit }: Given, level: "warning" | "critical") =>
  q.and(q.above(q.divide(lost, all), limit(level)), q.above(lost, limit("volume")));
const to = { destination: "collector" };

export const exportFailing = defineAlert({
  name: "AgentLosesData",
  category: "agent",
  team: "operations",
  labels,
  panel: { dashboard: "agent", panel: "points" },
  thresholds: {
    warning: { value: 0.005, unit: "ratio", meaning: "Share of points that is rejected or dropped, for a warning." },
    critical: { value: 0.5, unit: "ratio", meaning: "Share of points that is rejected or dropped, to be critical." },
    volume: { value: 10, unit: "count", meaning: "Points in ten minutes, below which nothing is said." },
  },
  levels: [
    { severity: "warning", for: "2m", keepFiring: "10m", expr: (given) => share(given, "warning") },
    { severity: "critical", for: "10m", keepFiring: "10m", expr: (given) => share(given, "critical") },
  ],
  summary: (t) => `${t.value("ratio")} of the data for ${t.label("destination")} is lost`,
  description: (t) =>
    `${t.label("destination")} rejected, or the agent had to drop, ${t.value("ratio")} of the points of ten minutes.`,
  runbook: {
    meaning: "The receiver refuses points, or was away for longer than the agent's buffer lasts.",
    impact: "That destination has gaps; its alarms may be blind. Other destinations are not touched.",
    diagnosis: [
      "Rejected: the agent's log has the receiver's reason (limits, key, time). Dropped: it was unreachable.",
    ],
    look: ["agentCheck", "agentMetrics"],
    mitigation: ["Mend the receiver or its limits; enlarge the buffer if it is away often."],
    act: ["restartAgent"],
  },
  tests: [
    {
      title: "all is dropped",
      series: [
        sample(exportPoints, { ...to, outcome: "delivered" }, "0+100x10 1000x40"),
        sample(exportPoints, { ...to, outcome: "dropped" }, "0x10 0+100x40"),
      ],
      at: "40m",
      fires: ["warning", "critical"],
    },
    {
      title: "a part is rejected",
      series: [
        sample(exportPoints, { ...to, outcome: "delivered" }, "0+100x60"),
        sample(exportPoints, { ...to, outcome: "rejected" }, "0x10 0+3x40"),
      ],
      at: "25m",
      fires: ["warning"],
    },
    {
      title: "all is delivered",
      series: [
        sample(exportPoints, { ...to, outcome: "delivered" }, "0+100x60"),
        sample(exportPoints, { ...to, outcome: "rejected" }, "7x60"),
      ],
      at: "25m",
      fires: [],
    },
  ],
});

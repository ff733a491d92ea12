import { seriesDropped } from "../../src/catalogue/queuewatch.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";

const labels = ["environment", "target", "reason"] as const;
const dropped = q.increase(seriesDropped, "10m");
const many = { target: "shop", reason: "limit" };

export const seriesLimited = defineAlert({
  name: "SeriesLimited",
  category: "agent",
  team: "operations",
  labels,
  panel: { dashboard: "agent", panel: "series" },
  levels: [{ severity: "warning", for: "5m", keepFiring: "15m", expr: () => q.above(dropped, 0) }],
  summary: (t) => `Too many series of ${t.label("target")}: some are combined into "other" (${t.label("reason")})`,
  description: (t) =>
    `queuewatch reached a limit on series of ${t.label("target")} (${t.label("reason")}); what is over it is combined into "other".`,
  runbook: {
    meaning: "There are more queues, classes or hosts than the cardinality limits allow.",
    impact: "Sums stay right; what is in `other` has no alert of its own.",
    diagnosis: [
      "Names with ids in them? Somebody who enqueues under ever new names? See the Threats dashboard, new names.",
    ],
    look: ["agentMetrics", "queueSize"],
    mitigation: ["Fold names by pattern in the config; raise the limit only for names that mean something."],
    act: ["throttleProducers"],
  },
  tests: [
    { title: "at each tick", series: [sample(seriesDropped, many, "0x10 0+40x40")], at: "25m", fires: ["warning"] },
    { title: "not any more", series: [sample(seriesDropped, many, "40x60")], at: "30m", fires: [] },
  ],
});

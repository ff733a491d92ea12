import { collectionErrors } from "../../src/catalogue/queuewatch.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";

const labels = ["environment", "target", "error.type"] as const;
const errors = q.increase(collectionErrors, "15m");
const down = q.maxBy(q.below(q.minOverTime(q.range(targetUp, "20m")), 1), ["environment", "target"]);
const broken = { target: "shop", "error.type": "REDIS_PERMISSION" };

export const collectionFailing = defineAlert({
  name: "AgentReadsPartly",
  category: "agent",
  team: "operations",
  labels,
  panel: { dashboard: "agent", panel: "errors" },
  thresholds: {
    errors: { value: 10, unit: "count", meaning: "Errors of one kind in a quarter of an hour." },
  },
  levels: [
    {
      severity: "warning",
      for: "5m",
      keepFiring: "10m",
      expr: ({ limit }) => q.unless(q.above(errors, limit("errors")), down, q.on("environment", "target")),
    },
  ],
  summary: (t) => `queuewatch cannot read all of ${t.label("target")}: ${t.label("error.type")}`,
  description: (t) =>
    `${t.value("count")} errors ${t.label("error.type")} in a quarter of an hour while reading ${t.label("target")}: some numbers are missing.`,
  runbook: {
    meaning: "The target answers, but a part of it cannot be read at each tick.",
    impact: "Some series are missing, and alerts that need them are blind.",
    diagnosis: ["Look the code up in the README's table of errors; it says what to do."],
    look: ["agentCheck", "redisAcl"],
    mitigation: ["Most often a missing permission: apply the line of `queuewatch acl`."],
    act: ["restartAgent"],
  },
  tests: [
    { title: "at each tick", series: [sample(collectionErrors, broken, "0x10 0+4x40")], at: "30m", fires: ["warning"] },
    { title: "once", series: [sample(collectionErrors, broken, "0x10 1x40")], at: "15m", fires: [] },
    {
      title: "Redis is down: another alert",
      series: [sample(collectionErrors, broken, "0x10 0+4x40"), sample(targetUp, {}, "1x10 0x40")],
      at: "30m",
      fires: [],
    },
  ],
});

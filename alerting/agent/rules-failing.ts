import { defineAlert } from "../../src/generate/alert.ts";
import { rawSample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { grafanaRuleFailures, prometheusRuleFailures } from "./alarm-path-metrics.ts";

const ofPrometheus = q.increase(prometheusRuleFailures, "10m", { rule_group: q.matches(".*queuewatch.*") });
const ofGrafana = q.maxBy(
  q.labelReplace(q.increase(grafanaRuleFailures, "10m"), {
    to: "rule_group",
    replacement: "grafana",
    from: "org",
    regex: ".*",
  }),
  ["rule_group"],
);
const failures = q.above(q.or(ofPrometheus, ofGrafana), 0);
const series = (values: string) =>
  rawSample("prometheus_rule_evaluation_failures_total", { rule_group: "/etc/rules/x.yaml;queuewatch-redis" }, values);

export const rulesFailing = defineAlert({
  name: "AlertRulesFailing",
  category: "agent",
  team: "operations",
  labels: ["rule_group"],
  panel: { dashboard: "agent", panel: "points" },
  levels: [{ severity: "warning", for: "5m", keepFiring: "10m", expr: () => failures }],
  summary: (t) => `Alert rules cannot be evaluated: ${t.label("rule_group")}`,
  description: (t) =>
    `Rules of ${t.label("rule_group")} failed ${t.value("count")} times in ten minutes: what they watch is not watched.`,
  runbook: {
    meaning:
      "Prometheus or Grafana could not evaluate a rule: a query that is too large, a data source that does not answer.",
    impact: "The alerts of the group are blind.",
    diagnosis: ["The rules page of Prometheus or Grafana shows the error beside the rule."],
    look: [],
    mitigation: ["Mend the data source; generate the files anew; report a rule that cannot work."],
    act: ["testChannel"],
  },
  tests: [
    { title: "at each evaluation", series: [series("0x10 0+1x40")], at: "25m", fires: ["warning"] },
    { title: "once", series: [series("0x10 1x40")], at: "14m", fires: [] },
  ],
});

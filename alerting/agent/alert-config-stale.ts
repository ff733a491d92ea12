import { defineAlert } from "../../src/generate/alert.ts";
import { rawSample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { alertmanagerReloaded, prometheusReloaded } from "./alarm-path-metrics.ts";

const stale = q.or(q.equal(q.select(prometheusReloaded), 0), q.equal(q.select(alertmanagerReloaded), 0));

export const alertConfigStale = defineAlert({
  name: "AlertConfigNotReloaded",
  category: "agent",
  team: "operations",
  labels: ["job"],
  panel: { dashboard: "agent", panel: "points" },
  levels: [{ severity: "warning", for: "5m", expr: () => stale }],
  summary: (t) => `${t.label("job")} runs with an old configuration`,
  description: (t) =>
    `${t.label("job")} could not load its newest configuration; rules or routes of the last change are not in force.`,
  runbook: {
    meaning: "The last reload of Prometheus or Alertmanager failed; it goes on with what it had.",
    impact: "What was changed is not in force, and the next restart will fail.",
    diagnosis: ["Check the files with promtool and amtool; the log names the line."],
    look: [],
    mitigation: ["Mend or revert the file, and reload."],
    act: ["testChannel"],
  },
  tests: [
    {
      title: "refused",
      series: [rawSample("alertmanager_config_last_reload_successful", { job: "alertmanager" }, "1x10 0x30")],
      at: "20m",
      fires: ["warning"],
    },
    {
      title: "well",
      series: [rawSample("prometheus_config_last_reload_successful", { job: "prometheus" }, "1x40")],
      at: "20m",
      fires: [],
    },
  ],
});

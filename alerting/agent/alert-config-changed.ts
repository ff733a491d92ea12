import { defineAlert } from "../../src/generate/alert.ts";
import { rawSample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { alertmanagerHash } from "./alarm-path-metrics.ts";

const changed = q.above(q.changes(q.range(alertmanagerHash, "15m")), 0);

export const alertConfigChanged = defineAlert({
  name: "AlertConfigChanged",
  category: "agent",
  team: "security",
  labels: ["job"],
  panel: { dashboard: "agent", panel: "points" },
  levels: [{ severity: "info", for: "0m", expr: () => changed }],
  summary: (t) => `The configuration of ${t.label("job")} was changed`,
  description: (t) =>
    `The routing of alerts (${t.label("job")}) was changed within a quarter of an hour. If nobody of you did it, look who did.`,
  runbook: {
    meaning: "The hash of Alertmanager's configuration changed.",
    impact: "Harmless if it was planned. Whoever wants to stay unseen changes the routing first.",
    diagnosis: ["Is there a change in the repository for it? Compare the running configuration with it."],
    look: [],
    mitigation: ["Not yours: restore the file, keep the changed one, treat as an intrusion."],
    act: ["protectEvidence", "testChannel"],
  },
  tests: [
    {
      title: "changed",
      series: [rawSample("alertmanager_config_hash", { job: "alertmanager" }, "7x10 9x30")],
      at: "15m",
      fires: ["info"],
    },
    {
      title: "unchanged",
      series: [rawSample("alertmanager_config_hash", { job: "alertmanager" }, "7x40")],
      at: "20m",
      fires: [],
    },
  ],
});

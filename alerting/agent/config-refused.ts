import { configRefused } from "../../src/catalogue/queuewatch.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";

export const configRefusedAlert = defineAlert({
  name: "AgentConfigRefused",
  category: "agent",
  team: "operations",
  labels: ["environment"],
  panel: { dashboard: "agent", panel: "targets" },
  levels: [{ severity: "warning", for: "5m", expr: () => q.above(q.select(configRefused), 0) }],
  summary: () => "queuewatch refuses a file of its config: what it held before is in force",
  description: (t) =>
    `${t.value("count")} files of the config hold something that is wrong; targets that were added or changed there are not watched so.`,
  runbook: {
    meaning:
      "A file of targets, or the config itself, was changed and is wrong now. The agent goes on with what it had.",
    impact: "New targets are not watched, changed promises are not in force, and the next restart will fail.",
    diagnosis: ["The agent's log and `queuewatch check` name file, line and column, and what is wrong."],
    look: ["agentCheck", "agentMetrics"],
    mitigation: ["Mend or revert the file: it is taken up within seconds. No restart is needed, and none would help."],
    act: [],
  },
  tests: [
    { title: "a file is wrong", series: [sample(configRefused, {}, "0x10 1x30")], at: "20m", fires: ["warning"] },
    { title: "mended at once", series: [sample(configRefused, {}, "0x10 1x2 0x30")], at: "20m", fires: [] },
  ],
});

import { defineAlert } from "../../src/generate/alert.ts";
import * as q from "../../src/promql/promql.ts";

export const watchdog = defineAlert({
  name: "QueuewatchWatchdog",
  category: "agent",
  team: "operations",
  labels: [],
  panel: { dashboard: "overview", panel: "alerts" },
  levels: [{ severity: "none", for: "0m", expr: () => q.vector(1) }],
  summary: () => "Dead man's switch: this always fires",
  description: () =>
    "This alert fires as long as rules are evaluated. Route it to a service that calls you when it stops arriving.",
  runbook: {
    meaning: "A sign of life of the whole way of alarms: rules are evaluated, and notifications arrive.",
    impact: "None while it fires. When it stops, no alarm of any kind would reach you.",
    diagnosis: ["It stopped: is Prometheus or Grafana running, does Alertmanager answer, does the channel work?"],
    look: [],
    mitigation: ["Bring back what stopped, then look at what was missed meanwhile."],
    act: ["testChannel"],
  },
  tests: [{ title: "always", series: [], at: "5m", fires: ["none"] }],
});

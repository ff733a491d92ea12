import { defineAlert } from "../../src/generate/alert.ts";
import { rawSample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { alertmanagerAlerts, alertmanagerSilences } from "./alarm-path-metrics.ts";

const firing = q.recordedMetric("ALERTS", ["app", "severity", "alertstate"]);
const critical = q.above(
  q.countBy(q.select(firing, { app: "queuewatch", severity: "critical", alertstate: "firing" }), []),
  0,
);
const suppressed = q.above(q.select(alertmanagerAlerts, { state: "suppressed" }), 0);
/** What a critical alert inhibits is suppressed too, as it should be: somebody's silence is what makes the difference. */
const silenced = q.and(suppressed, q.above(q.select(alertmanagerSilences, { state: "active" }), 0), q.on("job"));

export const alertsSuppressed = defineAlert({
  name: "CriticalAlertsSilenced",
  category: "agent",
  team: "security",
  labels: ["job", "state"],
  panel: { dashboard: "overview", panel: "alerts" },
  levels: [{ severity: "warning", for: "4h", expr: () => q.and(silenced, critical, q.on()) }],
  summary: (t) => `Alerts have been silenced in ${t.label("job")} for hours while critical ones fire`,
  description: (t) =>
    `${t.value("count")} alerts have been suppressed in ${t.label("job")} for four hours, and a critical alert of queuewatch fires.`,
  runbook: {
    meaning: "A silence is active, notifications have been held back for four hours, and something critical goes on.",
    impact: "A forgotten silence hides the next incident; a malicious one hides this.",
    diagnosis: ["Who made the silence, when, with which comment, and when does it end?"],
    look: [],
    mitigation: ["Expire it unless somebody works on the incident right now."],
    act: ["silenceWithEnd"],
  },
  tests: [
    {
      title: "for hours",
      series: [
        rawSample("alertmanager_alerts", { job: "alertmanager", state: "suppressed" }, "2x400"),
        rawSample("alertmanager_silences", { job: "alertmanager", state: "active" }, "1x400"),
        rawSample(
          "ALERTS",
          { app: "queuewatch", alertname: "NoWorkers", severity: "critical", alertstate: "firing" },
          "1x400",
        ),
      ],
      at: "300m",
      fires: ["warning"],
    },
    {
      title: "a critical alert that inhibits its warning, and no silence",
      series: [
        rawSample("alertmanager_alerts", { job: "alertmanager", state: "suppressed" }, "2x400"),
        rawSample("alertmanager_silences", { job: "alertmanager", state: "active" }, "0x400"),
        rawSample(
          "ALERTS",
          { app: "queuewatch", alertname: "NoWorkers", severity: "critical", alertstate: "firing" },
          "1x400",
        ),
      ],
      at: "300m",
      fires: [],
    },
    {
      title: "nothing critical fires",
      series: [
        rawSample("alertmanager_alerts", { job: "alertmanager", state: "suppressed" }, "2x400"),
        rawSample("alertmanager_silences", { job: "alertmanager", state: "active" }, "1x400"),
      ],
      at: "300m",
      fires: [],
    },
  ],
});

import { defineAlert } from "../../src/generate/alert.ts";
import { rawSample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { alertmanagerFailed, grafanaFailed, prometheusDropped } from "./alarm-path-metrics.ts";

/** Said under one label, whoever says it. */
const undelivered = (window: q.Window) =>
  q.or(
    q.or(q.increase(alertmanagerFailed, window), q.increase(grafanaFailed, window)),
    q.maxBy(
      q.labelReplace(q.increase(prometheusDropped, window), {
        to: "integration",
        replacement: "prometheus",
        from: "job",
        regex: ".*",
      }),
      ["integration"],
    ),
  );

export const notificationsFailing = defineAlert({
  name: "NotificationsFailing",
  category: "agent",
  team: "operations",
  labels: ["integration"],
  panel: { dashboard: "agent", panel: "points" },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "15m", expr: () => q.above(undelivered("10m"), 0) },
    { severity: "critical", for: "15m", keepFiring: "15m", expr: () => q.above(undelivered("10m"), 2) },
  ],
  summary: (t) => `Notifications by ${t.label("integration")} fail`,
  description: (t) =>
    `${t.value("count")} notifications by ${t.label("integration")} could not be delivered in ten minutes.`,
  runbook: {
    meaning: "Alertmanager, Grafana or Prometheus could not hand notifications over to a channel.",
    impact: "Whoever relies on that channel learns nothing. Other channels still work, or you would not read this.",
    diagnosis: ["Key or address changed, rate limit, service down? The sender's log has the reason."],
    look: [],
    mitigation: ["Mend the channel; send a test notification; tell its readers what they missed."],
    act: ["testChannel"],
  },
  tests: [
    {
      title: "for long",
      series: [rawSample("alertmanager_notifications_failed_total", { integration: "slack" }, "0x10 0+2x60")],
      at: "40m",
      fires: ["warning", "critical"],
    },
    {
      title: "a few",
      series: [rawSample("grafana_alerting_notifications_failed_total", { integration: "email" }, "0x10 1 2x60")],
      at: "13m",
      fires: ["warning"],
    },
    {
      title: "all went well",
      series: [rawSample("alertmanager_notifications_failed_total", { integration: "slack" }, "3x60")],
      at: "30m",
      fires: [],
    },
  ],
});

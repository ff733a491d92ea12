import * as q from "../../src/promql/promql.ts";

/** What Prometheus, Alertmanager and Grafana say about themselves (their own metrics pages). Absent where not scraped. */

export const alertmanagerFailed = q.foreignMetric({
  prometheusName: "alertmanager_notifications_failed_total",
  kind: "counter",
  labels: ["integration"],
});
export const grafanaFailed = q.foreignMetric({
  prometheusName: "grafana_alerting_notifications_failed_total",
  kind: "counter",
  labels: ["integration"],
});
export const prometheusDropped = q.foreignMetric({
  prometheusName: "prometheus_notifications_dropped_total",
  kind: "counter",
  labels: ["job"],
});
export const prometheusRuleFailures = q.foreignMetric({
  prometheusName: "prometheus_rule_evaluation_failures_total",
  kind: "counter",
  labels: ["rule_group"],
});
export const grafanaRuleFailures = q.foreignMetric({
  prometheusName: "grafana_alerting_rule_evaluation_failures_total",
  kind: "counter",
  labels: ["org"],
});
export const prometheusReloaded = q.foreignMetric({
  prometheusName: "prometheus_config_last_reload_successful",
  kind: "gauge",
  labels: ["job"],
});
export const alertmanagerReloaded = q.foreignMetric({
  prometheusName: "alertmanager_config_last_reload_successful",
  kind: "gauge",
  labels: ["job"],
});
export const alertmanagerHash = q.foreignMetric({
  prometheusName: "alertmanager_config_hash",
  kind: "gauge",
  labels: ["job"],
});
export const alertmanagerAlerts = q.foreignMetric({
  prometheusName: "alertmanager_alerts",
  kind: "gauge",
  labels: ["job", "state"],
});
export const alertmanagerSilences = q.foreignMetric({
  prometheusName: "alertmanager_silences",
  kind: "gauge",
  labels: ["job", "state"],
});

import type { AlertingConfig } from "../config/alerting-schema.ts";
import { type Alert, categories } from "./alert.ts";
import { panelId } from "./dashboard/frame.ts";
import { dashboardUid } from "./dashboard/link.ts";
import type { GeneratedFile } from "./generator.ts";
import { grafanaReceiver, literal } from "./grafana-contacts.ts";
import { validateGrafanaAlerting } from "./grafana-validator.ts";
import { chatTemplate, chatTitleTemplate, textTemplate, titleTemplate } from "./message.ts";
import { enabledAlerts } from "./prometheus-rules.ts";
import { type RenderedLevel, renderAlert } from "./rendered-alert.ts";
import { contactsFor, mutingFor, nobody, receiverName, receivers, timeIntervals } from "./routing.ts";

export interface GrafanaAlertingOptions {
  /** Writes the organisation's whole policy tree; without it rules carry their own settings, and no tree is touched. */
  readonly policyTree?: boolean;
  /** Uids of the rules that an earlier run made: those that are no more are deleted. */
  readonly earlier?: readonly string[];
}

const organisation = 1;

/** Files for Grafana's `provisioning/alerting` (12.2 and newer), checked as strictly as Grafana does. */
export function grafanaAlertingFiles(config: AlertingConfig, options: GrafanaAlertingOptions = {}): GeneratedFile[] {
  const alerts = enabledAlerts(config);
  const documents = {
    rules: rules(alerts, config, options),
    "contact-points": contactPoints(config),
    templates: templates(),
    "mute-times": muteTimes(config),
    ...(options.policyTree === true ? { policies: policies(config) } : {}),
  };
  validateGrafanaAlerting(Object.values(documents));
  return Object.entries(documents)
    .filter(([, document]) => Object.values(document).some((list) => Array.isArray(list) && list.length > 0))
    .map(([name, document]) => ({
      path: `provisioning/alerting/queuewatch-${name}.json`,
      text: `${JSON.stringify({ apiVersion: 1, ...document }, null, 2)}\n`,
    }));
}

/** Uids of all rules, for the lock file that remembers what was made. */
export function ruleUids(config: AlertingConfig): string[] {
  return enabledAlerts(config).flatMap((alert) => renderAlert(alert, config, "grafana").levels.map(({ uid }) => uid));
}

function rules(alerts: readonly Alert[], config: AlertingConfig, options: GrafanaAlertingOptions): object {
  const groups = categories.map((category) => ({
    orgId: organisation,
    name: `queuewatch-${category}`,
    folder: literal(config.folder),
    interval: "1m",
    rules: alerts
      .filter((alert) => alert.category === category)
      .flatMap((alert) =>
        renderAlert(alert, config, "grafana").levels.map((level) => rule(alert, level, config, options)),
      ),
  }));
  const present = new Set(ruleUids(config));
  const gone = (options.earlier ?? []).filter((uid) => !present.has(uid));
  return {
    groups: groups.filter((group) => group.rules.length > 0),
    ...(gone.length === 0 ? {} : { deleteRules: gone.map((uid) => ({ orgId: organisation, uid })) }),
  };
}

/**
 * The expression keeps only what is wrong, so that "no data" is the good state; whether a query fails is said once, by the
 * dead man's switch falling silent and by AlertRulesFailing, and not by every rule.
 */
function rule(alert: Alert, level: RenderedLevel, config: AlertingConfig, options: GrafanaAlertingOptions): object {
  const receiver = receiverName(contactsFor(config, level.severity, alert.team));
  const ownSettings = options.policyTree !== true && receiver !== nobody;
  return {
    uid: level.uid,
    title: `${alert.name} (${level.severity})`,
    condition: "B",
    data: [prometheusQuery(level.expr, config.datasource_uid), anyNumber],
    dashboardUid: dashboardUid(alert.panel.dashboard),
    panelId: panelId(alert.panel.panel),
    noDataState: "OK",
    execErrState: "KeepLast",
    for: level.for,
    ...(level.keepFiring === undefined ? {} : { keepFiringFor: level.keepFiring }),
    missing_series_evals_to_resolve: 1,
    labels: Object.fromEntries(Object.entries(level.labels).map(([name, value]) => [name, literal(value)])),
    annotations: level.annotations,
    ...(ownSettings ? { notification_settings: settings(alert, level, config, receiver) } : {}),
  };
}

function settings(alert: Alert, level: RenderedLevel, config: AlertingConfig, receiver: string): object {
  const { muted, active } = mutingFor(config, level.severity, alert.team);
  return {
    receiver: literal(receiver),
    group_by: ["grafana_folder", "alertname", "environment", "target"],
    group_wait: "30s",
    group_interval: "5m",
    repeat_interval: `${config.repeat}s`,
    ...(muted.length === 0 ? {} : { mute_time_intervals: muted.map(literal) }),
    ...(active.length === 0 ? {} : { active_time_intervals: active.map(literal) }),
  };
}

function prometheusQuery(expr: string, datasourceUid: string): object {
  return {
    refId: "A",
    queryType: "",
    relativeTimeRange: { from: 600, to: 0 },
    datasourceUid,
    model: {
      refId: "A",
      expr,
      instant: true,
      range: false,
      editorMode: "code",
      intervalMs: 1_000,
      maxDataPoints: 43_200,
    },
  };
}

/** Whatever the expression leaves over fires, a value of 0 too. */
const anyNumber = {
  refId: "B",
  queryType: "",
  relativeTimeRange: { from: 0, to: 0 },
  datasourceUid: "__expr__",
  model: {
    refId: "B",
    type: "math",
    expression: "is_number($A) || is_inf($A)",
    datasource: { type: "__expr__", uid: "__expr__" },
  },
};

function contactPoints(config: AlertingConfig): object {
  const points = [...receivers(config)].filter(([name]) => name !== nobody);
  return {
    contactPoints: points.map(([name, contacts], point) => ({
      orgId: organisation,
      name: literal(name),
      receivers: contacts.flatMap((contact, index) => {
        const settingsOf = config.contacts[contact];
        return settingsOf === undefined ? [] : [grafanaReceiver(contact, settingsOf, `qw-contact-${point}-${index}`)];
      }),
    })),
  };
}

function templates(): object {
  return {
    templates: [
      template("queuewatch.title", titleTemplate),
      template("queuewatch.text", textTemplate),
      template("queuewatch.chat.title", chatTitleTemplate),
      template("queuewatch.chat", chatTemplate),
    ],
  };
}

function template(name: string, body: string): object {
  return { orgId: organisation, name, template: `{{ define "${name}" }}${body}{{ end }}` };
}

function muteTimes(config: AlertingConfig): object {
  return {
    muteTimes: Object.entries(config.times).map(([name, times]) => ({
      orgId: organisation,
      name,
      time_intervals: timeIntervals(times),
    })),
  };
}

function policies(config: AlertingConfig): object {
  const routes = (["operations", "security"] as const).flatMap((team) =>
    (["critical", "warning", "info", "none"] as const).map((severity) => {
      const { muted, active } = mutingFor(config, severity, team);
      return {
        receiver: literal(policyReceiver(config, severity, team)),
        object_matchers: [
          ["app", "=", "queuewatch"],
          ["team", "=", team],
          ["severity", "=", severity],
        ],
        ...(muted.length === 0 ? {} : { mute_time_intervals: muted.map(literal) }),
        ...(active.length === 0 ? {} : { active_time_intervals: active.map(literal) }),
      };
    }),
  );
  const root = literal(policyReceiver(config, "critical", "operations"));
  return {
    policies: [
      {
        orgId: organisation,
        receiver: root,
        group_by: ["grafana_folder", "alertname", "environment", "target"],
        group_wait: "30s",
        group_interval: "5m",
        repeat_interval: `${config.repeat}s`,
        routes,
      },
    ],
  };
}

/** A tree needs a receiver at every place: Grafana's own default one where we have none. */
function policyReceiver(
  config: AlertingConfig,
  ...[severity, team]: Readonly<[Parameters<typeof contactsFor>[1], Parameters<typeof contactsFor>[2]]>
): string {
  const name = receiverName(contactsFor(config, severity, team));
  return name === nobody ? "grafana-default-email" : name;
}

import type { AlertingConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { type Alert, categories } from "./alert.ts";
import { panelId } from "./dashboard/frame.ts";
import { dashboardUid } from "./dashboard/link.ts";
import type { GeneratedFile } from "./generator.ts";
import { grafanaReceiver, literal } from "./grafana-contacts.ts";
import { type RuleShare, ruleShares } from "./grafana-owners.ts";
import { contactsOfTree, deliverySettings, policyTree, rootReceiver } from "./grafana-policies.ts";
import { validateGrafanaAlerting } from "./grafana-validator.ts";
import { chatTemplate, chatTitleTemplate, textTemplate, titleTemplate, urgencyTemplate } from "./message.ts";
import { enabledAlerts } from "./prometheus-rules.ts";
import { type RenderedLevel, renderAlert } from "./rendered-alert.ts";
import { nobody, receiverName, receivers, timeIntervals } from "./routing.ts";

export interface GrafanaAlertingOptions {
  /** Writes the organisation's whole policy tree; without it rules carry their own settings, and no tree is touched. */
  readonly policyTree?: boolean;
  /** Uids of the rules that an earlier run made: those that are no more are deleted. */
  readonly earlier?: readonly string[];
}

const organisation = 1;

/** Files for Grafana's `provisioning/alerting` (12.2 and newer), checked as strictly as Grafana does. */
export function grafanaAlertingFiles(config: GeneratorConfig, options: GrafanaAlertingOptions = {}): GeneratedFile[] {
  const documents = {
    rules: rules(config, options),
    "contact-points": contactPoints(config, options),
    templates: templates(),
    "mute-times": muteTimes(config.alerting),
    ...(options.policyTree === true ? { policies: { policies: [policyTree(config)] } } : {}),
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
export function ruleUids(config: GeneratorConfig, options: GrafanaAlertingOptions = {}): string[] {
  return enabledAlerts(config.alerting).flatMap((alert) => sharesOf(alert, config, options).map(({ uid }) => uid));
}

function rules(config: GeneratorConfig, options: GrafanaAlertingOptions): object {
  const alerts = enabledAlerts(config.alerting);
  const groups = categories.map((category) => ({
    orgId: organisation,
    name: `queuewatch-${category}`,
    folder: literal(config.alerting.folder),
    interval: "1m",
    rules: alerts
      .filter((alert) => alert.category === category)
      .flatMap((alert) =>
        sharesOf(alert, config, options).map((share) => rule(alert, share, config.alerting, options)),
      ),
  }));
  const present = new Set(ruleUids(config, options));
  const gone = (options.earlier ?? []).filter((uid) => !present.has(uid));
  return {
    groups: groups.filter((group) => group.rules.length > 0),
    ...(gone.length === 0 ? {} : { deleteRules: gone.map((uid) => ({ orgId: organisation, uid })) }),
  };
}

type Share = RuleShare & { readonly level: RenderedLevel };

/** The rules of an alert; the tree tells owners apart by itself. */
function sharesOf(
  alert: Alert,
  config: GeneratorConfig,
  { policyTree: tree = false }: GrafanaAlertingOptions,
): Share[] {
  const apart = tree ? { ...config, targets: [] } : config;
  const { levels, standing } = renderAlert(alert, config.alerting, "grafana");
  return [...levels, ...(standing === undefined ? [] : [standing])].flatMap((level) =>
    ruleShares(alert, level, apart).map((share) => ({ ...share, level })),
  );
}

/**
 * The expression keeps only what is wrong, so that "no data" is the good state; whether a query fails is said once, by the
 * dead man's switch falling silent and by AlertRulesFailing, and not by every rule.
 */
function rule(alert: Alert, share: Share, config: AlertingConfig, options: GrafanaAlertingOptions): object {
  const { level } = share;
  const receiver = receiverName(share.contacts);
  const ownSettings = options.policyTree !== true && receiver !== nobody;
  return {
    uid: share.uid,
    title: literal(share.title),
    condition: "B",
    data: [prometheusQuery(share.expr, config.datasource_uid), anyNumber],
    dashboardUid: dashboardUid(alert.panel.dashboard),
    panelId: panelId(alert.panel.panel),
    noDataState: "OK",
    execErrState: "KeepLast",
    for: level.for,
    ...(level.keepFiring === undefined ? {} : { keepFiringFor: level.keepFiring }),
    missing_series_evals_to_resolve: 1,
    labels: literalValues({ ...level.labels, alert: alert.name }),
    annotations: level.annotations,
    ...(ownSettings ? { notification_settings: settings(alert, level, config, receiver) } : {}),
  };
}

function settings(alert: Alert, level: RenderedLevel, config: AlertingConfig, receiver: string): object {
  return {
    receiver: literal(receiver),
    group_by: ["grafana_folder", "alertname", "environment", "target"],
    group_wait: "30s",
    group_interval: "5m",
    repeat_interval: `${config.repeat}s`,
    ...deliverySettings(config, level.severity, alert.team),
  };
}

function literalValues(labels: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, literal(value)]));
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

function contactPoints(config: GeneratorConfig, options: GrafanaAlertingOptions): object {
  return {
    contactPoints: pointsNeeded(config, options).map(([name, contacts], point) => ({
      orgId: organisation,
      name: literal(name),
      receivers: contacts.flatMap((contact, index) => {
        const settingsOf = config.alerting.contacts[contact];
        return settingsOf === undefined ? [] : [grafanaReceiver(settingsOf, `qw-contact-${point}-${index}`)];
      }),
    })),
  };
}

/** Contact points by name: for the tree one a contact and the root's, else one for each set of contacts. */
function pointsNeeded(
  config: GeneratorConfig,
  { policyTree: tree }: GrafanaAlertingOptions,
): [string, readonly string[]][] {
  const sets = receivers(config.alerting);
  if (tree !== true) return [...sets].filter(([name]) => name !== nobody);
  const root = rootReceiver(config.alerting);
  const single = contactsOfTree(config).map((contact) => [receiverName([contact]), [contact]] as const);
  return [...new Map([...single, ...[...sets].filter(([name]) => name === root)])];
}

function templates(): object {
  return {
    templates: [
      template("queuewatch.urgency", urgencyTemplate),
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

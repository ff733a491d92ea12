import { stringify } from "yaml";
import type { AlertingConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import type { Severity, Team } from "./alert.ts";
import { integration } from "./alertmanager-integrations.ts";
import {
  contactsFor,
  contactsOfOwner,
  mutingFor,
  nobody,
  ownedQueues,
  receiverName,
  receivers,
  timeIntervals,
} from "./routing.ts";
import { fileForAlertmanager, secretsOf } from "./secret-reference.ts";

/** Alertmanager's configuration, for Alertmanager from 0.28 on where contacts use Teams, else from 0.25. */
export function alertmanagerText(config: GeneratorConfig): string {
  const { alerting } = config;
  const document = {
    ...mail(alerting),
    route: {
      receiver: nobody,
      group_by: ["alertname", "environment", "target"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: `${alerting.repeat}s`,
      routes: [{ receiver: nobody, matchers: ['app="queuewatch"'], routes: routes(config) }],
    },
    inhibit_rules: alerting.escalate_after === undefined ? [ofWarning] : [ofStanding, ofWarning],
    receivers: [...receivers(alerting)].map(([name, contacts]) => receiver(name, contacts, alerting)),
    ...(Object.keys(alerting.times).length === 0
      ? {}
      : {
          time_intervals: Object.entries(alerting.times).map(([name, times]) => ({
            name,
            time_intervals: timeIntervals(times),
          })),
        }),
  };
  const head = `# Made by \`queuewatch generate alertmanager\`.\n${needed(alerting)}`;
  return (
    head +
    stringify(document, {
      lineWidth: 0,
      defaultStringType: "QUOTE_DOUBLE",
      defaultKeyType: "PLAIN",
      aliasDuplicateObjects: false,
    })
  );
}

/** How to send email, where some contact is one. */
function mail({ smtp, contacts }: AlertingConfig): object {
  if (!Object.values(contacts).some(({ email }) => email !== undefined)) return {};
  const local = smtp.smarthost.startsWith("localhost:");
  const password = smtp.password === undefined ? {} : { smtp_auth_password_file: fileForAlertmanager(smtp.password) };
  return {
    global: {
      smtp_smarthost: smtp.smarthost,
      smtp_from: smtp.from,
      smtp_require_tls: !local,
      ...(smtp.username === undefined ? {} : { smtp_auth_username: smtp.username }),
      ...password,
    },
  };
}

/** The files that Alertmanager will read, as comments. */
function needed(alerting: AlertingConfig): string {
  const files = new Set(Object.values(alerting.contacts).flatMap(secretsOf).map(fileForAlertmanager));
  return [...files].map((file) => `# Supply the secret in the file ${file}\n`).join("");
}

const sameAlert = [
  "alertname",
  "environment",
  "system",
  "target",
  "queue",
  "job_class",
  "set",
  "schedule",
  "destination",
  "integration",
];
/** A warning that stands for long says nothing that the critical level does not say. */
const ofStanding = {
  source_matchers: ['app="queuewatch"', 'severity="critical"', 'escalated=""'],
  target_matchers: ['app="queuewatch"', 'escalated="yes"'],
  equal: sameAlert,
};
/**
 * The critical alert says what its warning says. Causes are left out of symptoms by the rules' expressions instead:
 * Alertmanager (0.34) drops the resolved message of an alert that ends while it is inhibited, so that what was told before
 * its cause began would stay open in PagerDuty and the like.
 */
const ofWarning = {
  source_matchers: ['app="queuewatch"', 'severity="critical"'],
  target_matchers: ['app="queuewatch"', 'severity="warning"'],
  equal: sameAlert,
};

const teams: readonly Team[] = ["operations", "security"];
const severities: readonly Severity[] = ["critical", "warning", "info"];

/** First what has an owner, then by team and severity, then the dead man's switch. */
function routes(config: GeneratorConfig): object[] {
  const { alerting } = config;
  const general = teams.flatMap((team) =>
    severities.map((severity) => ({
      receiver: receiverName(contactsFor(alerting, severity, team)),
      matchers: [`team="${team}"`, `severity="${severity}"`],
      ...muting(alerting, severity, team),
    })),
  );
  const watchdog = {
    receiver: receiverName(contactsFor(alerting, "none", "operations")),
    matchers: ['alertname="QueuewatchWatchdog"'],
    group_wait: "0s",
    repeat_interval: "5m",
  };
  return [watchdog, ...ownerRoutes(config), ...general];
}

function ownerRoutes(config: GeneratorConfig): object[] {
  const { alerting } = config;
  return ownedQueues(config).flatMap(({ target, pattern, owner }) =>
    severities.map((severity) => ({
      receiver: receiverName(contactsOfOwner(alerting, owner, severity)),
      matchers: [
        'team="operations"',
        `severity="${severity}"`,
        `target=${JSON.stringify(target)}`,
        `queue=~${JSON.stringify(pattern)}`,
      ],
      ...muting(alerting, severity, "operations"),
    })),
  );
}

function muting(config: AlertingConfig, severity: Severity, team: Team): object {
  const { muted, active } = mutingFor(config, severity, team);
  return {
    ...(muted.length === 0 ? {} : { mute_time_intervals: muted }),
    ...(active.length === 0 ? {} : { active_time_intervals: active }),
  };
}

function receiver(name: string, contacts: readonly string[], config: AlertingConfig): object {
  const merged: Record<string, object[]> = {};
  for (const contact of contacts) {
    const settings = config.contacts[contact];
    if (settings === undefined) continue;
    const [kind, made] = integration(settings);
    (merged[kind] ??= []).push(...made);
  }
  return { name, ...merged };
}

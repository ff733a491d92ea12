import { stringify } from "yaml";
import type { AlertingConfig, ContactConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import type { Severity, Team } from "./alert.ts";
import { chatTemplate, chatTitleTemplate, details, textTemplate, titleTemplate } from "./message.ts";
import { globPattern } from "./rendered-alert.ts";
import { contactsFor, contactsOfOwner, mutingFor, nobody, receiverName, receivers, timeIntervals } from "./routing.ts";
import { fileForAlertmanager, secretReference } from "./secret-reference.ts";

/** Alertmanager's configuration, for Alertmanager from 0.28 on where contacts use Teams, else from 0.25. */
export function alertmanagerText(config: GeneratorConfig): string {
  const { alerting } = config;
  const document = {
    route: {
      receiver: nobody,
      group_by: ["alertname", "environment", "target"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: `${alerting.repeat}s`,
      routes: [{ receiver: nobody, matchers: ['app="queuewatch"'], routes: routes(config) }],
    },
    inhibit_rules: inhibitions,
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
  return head + stringify(document, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", aliasDuplicateObjects: false });
}

/** The files that Alertmanager will read, as comments. */
function needed(alerting: AlertingConfig): string {
  const files = new Set<string>();
  for (const [name, contact] of Object.entries(alerting.contacts))
    integration(contact, (text) => {
      const path = fileForAlertmanager(secretReference(text, `alerting.contacts.${name}`));
      files.add(path);
      return path;
    });
  return [...files].map((file) => `# Supply the secret in the file ${file}\n`).join("");
}

/** The critical alert says what its warning says; a target that cannot be read, or has no workers, explains the rest. */
const same = ["environment", "system", "target"];
const inhibitions = [
  {
    source_matchers: ['app="queuewatch"', 'severity="critical"'],
    target_matchers: ['app="queuewatch"', 'severity="warning"'],
    equal: ["alertname", ...same, "queue", "job_class", "set", "schedule", "destination", "integration"],
  },
  {
    source_matchers: ['alertname=~"RedisUnreachable|AgentSilent"', 'severity="critical"'],
    target_matchers: ['app="queuewatch"', 'category!~"redis|agent"'],
    equal: same,
  },
  {
    source_matchers: ['alertname="NoWorkers"'],
    target_matchers: ['app="queuewatch"', 'category=~"backlog|performance|schedules"'],
    equal: same,
  },
];

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

function ownerRoutes({ targets, alerting }: GeneratorConfig): object[] {
  return targets.flatMap((target) =>
    Object.entries(target.queues).flatMap(([queue, { team }]) =>
      team === undefined || alerting.routes.teams[team] === undefined
        ? []
        : severities.map((severity) => ({
            receiver: receiverName(contactsOfOwner(alerting, team, severity)),
            matchers: [
              'team="operations"',
              `severity="${severity}"`,
              `target=${JSON.stringify(target.name)}`,
              `queue=~${JSON.stringify(globPattern(queue))}`,
            ],
            ...muting(alerting, severity, "operations"),
          })),
    ),
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
    const [kind, made] = integration(settings, (text) =>
      fileForAlertmanager(secretReference(text, `alerting.contacts.${contact}`)),
    );
    (merged[kind] ??= []).push(...made);
  }
  return { name, ...merged };
}

type SecretFile = (text: string) => string;
type Integration = readonly [key: string, settings: object[]];

/** Settings of one contact; secrets as paths of files. */
function integration(contact: ContactConfig, secret: SecretFile): Integration {
  return chat(contact, secret) ?? pager(contact, secret) ?? ["webhook_configs", []];
}

function chat(contact: ContactConfig, secret: SecretFile): Integration | undefined {
  const sends = { send_resolved: true };
  if (contact.email)
    return [
      "email_configs",
      contact.email.map((to) => ({ ...sends, to, headers: { Subject: titleTemplate }, text: textTemplate, html: "" })),
    ];
  if (contact.slack)
    return [
      "slack_configs",
      [
        {
          ...sends,
          api_url_file: secret(contact.slack.url),
          ...(contact.slack.channel === undefined ? {} : { channel: contact.slack.channel }),
          title: chatTitleTemplate,
          text: chatTemplate,
          link_names: false,
          mrkdwn_in: ["text"],
        },
      ],
    ];
  if (contact.teams)
    return [
      "msteamsv2_configs",
      [{ ...sends, webhook_url_file: secret(contact.teams.url), title: chatTitleTemplate, text: chatTemplate }],
    ];
  if (contact.discord)
    return [
      "discord_configs",
      [{ ...sends, webhook_url_file: secret(contact.discord.url), title: chatTitleTemplate, message: chatTemplate }],
    ];
  if (contact.telegram)
    return [
      "telegram_configs",
      [
        {
          ...sends,
          bot_token_file: secret(contact.telegram.bot_token),
          chat_id: Number(contact.telegram.chat_id),
          parse_mode: "",
          message: textTemplate,
        },
      ],
    ];
  return undefined;
}

function pager(contact: ContactConfig, secret: SecretFile): Integration | undefined {
  const sends = { send_resolved: true };
  if (contact.pagerduty)
    return [
      "pagerduty_configs",
      [
        {
          ...sends,
          routing_key_file: secret(contact.pagerduty.integration_key),
          description: titleTemplate,
          severity: '{{ if eq .CommonLabels.severity "critical" }}critical{{ else }}warning{{ end }}',
          class: "{{ .CommonLabels.category }}",
          component: "{{ .CommonLabels.queue }}",
          details,
        },
      ],
    ];
  if (contact.opsgenie)
    return [
      "opsgenie_configs",
      [
        {
          ...sends,
          api_key_file: secret(contact.opsgenie.api_key),
          ...(contact.opsgenie.api_url === undefined ? {} : { api_url: contact.opsgenie.api_url }),
          message: titleTemplate,
          description: textTemplate,
          details,
        },
      ],
    ];
  if (contact.victorops)
    return [
      "victorops_configs",
      [
        {
          ...sends,
          api_key_file: secret(contact.victorops.api_key),
          routing_key: contact.victorops.routing_key,
          entity_display_name: titleTemplate,
          state_message: textTemplate,
        },
      ],
    ];
  if (contact.pushover)
    return [
      "pushover_configs",
      [
        {
          ...sends,
          user_key_file: secret(contact.pushover.user_key),
          token_file: secret(contact.pushover.token),
          title: titleTemplate,
          message: textTemplate,
        },
      ],
    ];
  if (contact.webhook)
    return [
      "webhook_configs",
      [
        {
          ...sends,
          url_file: secret(contact.webhook.url),
          ...(contact.webhook.bearer_token === undefined
            ? {}
            : {
                http_config: {
                  authorization: { type: "Bearer", credentials_file: secret(contact.webhook.bearer_token) },
                },
              }),
        },
      ],
    ];
  return undefined;
}

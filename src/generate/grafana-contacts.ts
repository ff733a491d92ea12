import type { ContactConfig } from "../config/alerting-schema.ts";
import { details } from "./message.ts";
import { forGrafana, secretReference } from "./secret-reference.ts";

/** One receiver of a contact point, as Grafana's file provisioning has it. */
export interface GrafanaReceiver {
  readonly uid: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly disableResolveMessage: boolean;
}

/** Texts by reference to our templates: settings are interpolated, templates are not. */
const title = '{{ template "queuewatch.title" . }}';
const text = '{{ template "queuewatch.text" . }}';
const chatTitle = '{{ template "queuewatch.chat.title" . }}';
const chat = '{{ template "queuewatch.chat" . }}';

/** A contact of the config; `uid` must be unique over all contact points. Throws for a secret that is no reference. */
export function grafanaReceiver(name: string, contact: ContactConfig, uid: string): GrafanaReceiver {
  const secret = (given: string): string => forGrafana(secretReference(given, `alerting.contacts.${name}`));
  const [type, settings] = chatSettings(contact, secret) ?? pagerSettings(contact, secret);
  return { uid, type, settings, disableResolveMessage: false };
}

/** `$` starts a variable in everything that Grafana interpolates. */
export function literal(plain: string): string {
  return plain.replaceAll("$", "$$$$");
}

type Secret = (given: string) => string;
type Settings = readonly [type: string, settings: Record<string, unknown>];

function chatSettings(contact: ContactConfig, secret: Secret): Settings | undefined {
  if (contact.email)
    return [
      "email",
      { addresses: contact.email.map(literal).join(";"), singleEmail: false, subject: title, message: text },
    ];
  if (contact.slack) {
    const channel = contact.slack.channel === undefined ? {} : { recipient: literal(contact.slack.channel) };
    return ["slack", { url: secret(contact.slack.url), ...channel, title: chatTitle, text: chat }];
  }
  if (contact.teams) return ["teams", { url: secret(contact.teams.url), title: chatTitle, message: chat }];
  if (contact.discord) return ["discord", { url: secret(contact.discord.url), title: chatTitle, message: chat }];
  if (contact.telegram)
    return [
      "telegram",
      {
        bottoken: secret(contact.telegram.bot_token),
        chatid: literal(contact.telegram.chat_id),
        parse_mode: "None",
        message: text,
      },
    ];
  return undefined;
}

function pagerSettings(contact: ContactConfig, secret: Secret): Settings {
  if (contact.pagerduty)
    return [
      "pagerduty",
      {
        integrationKey: secret(contact.pagerduty.integration_key),
        severity: '{{ template "queuewatch.urgency" . }}',
        class: "{{ .CommonLabels.category }}",
        component: "{{ .CommonLabels.queue }}",
        summary: title,
        details,
      },
    ];
  if (contact.opsgenie)
    return [
      "opsgenie",
      {
        apiKey: secret(contact.opsgenie.api_key),
        ...(contact.opsgenie.api_url === undefined ? {} : { apiUrl: literal(contact.opsgenie.api_url) }),
        message: title,
        description: text,
      },
    ];
  if (contact.victorops)
    return ["victorops", { url: victoropsUrl(contact.victorops, secret), title, description: text }];
  if (contact.pushover)
    return [
      "pushover",
      { apiToken: secret(contact.pushover.token), userKey: secret(contact.pushover.user_key), title, message: text },
    ];
  const { url = "", bearer_token } = contact.webhook ?? {};
  const token =
    bearer_token === undefined
      ? {}
      : { authorization_scheme: "Bearer", authorization_credentials: secret(bearer_token) };
  return ["webhook", { url: secret(url), httpMethod: "POST", ...token, title, message: text }];
}

function victoropsUrl(settings: NonNullable<ContactConfig["victorops"]>, secret: Secret): string {
  const base = "https://alert.victorops.com/integrations/generic/20131114/alert";
  return `${base}/${secret(settings.api_key)}/${encodeURIComponent(settings.routing_key)}`;
}

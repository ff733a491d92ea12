import type { ContactConfig } from "../config/alerting-schema.ts";
import { details } from "./message.ts";
import { forGrafana } from "./secret-reference.ts";

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

/** A contact of the config; `uid` must be unique over all contact points. */
export function grafanaReceiver(contact: ContactConfig, uid: string): GrafanaReceiver {
  const [type, settings] = chatSettings(contact) ?? pagerSettings(contact);
  return { uid, type, settings, disableResolveMessage: false };
}

/** `$` starts a variable in everything that Grafana interpolates. */
export function literal(plain: string): string {
  return plain.replaceAll("$", "$$$$");
}

type Settings = readonly [type: string, settings: Record<string, unknown>];

function chatSettings(contact: ContactConfig): Settings | undefined {
  if (contact.email)
    return [
      "email",
      { addresses: contact.email.map(literal).join(";"), singleEmail: false, subject: title, message: text },
    ];
  if (contact.slack) {
    const channel = contact.slack.channel === undefined ? {} : { recipient: literal(contact.slack.channel) };
    return ["slack", { url: forGrafana(contact.slack.url), ...channel, title: chatTitle, text: chat }];
  }
  if (contact.teams) return ["teams", { url: forGrafana(contact.teams.url), title: chatTitle, message: chat }];
  if (contact.discord) return ["discord", { url: forGrafana(contact.discord.url), title: chatTitle, message: chat }];
  if (contact.telegram)
    return [
      "telegram",
      {
        bottoken: forGrafana(contact.telegram.bot_token),
        chatid: literal(contact.telegram.chat_id),
        parse_mode: "None",
        message: text,
      },
    ];
  return undefined;
}

function pagerSettings(contact: ContactConfig): Settings {
  if (contact.pagerduty)
    return [
      "pagerduty",
      {
        integrationKey: forGrafana(contact.pagerduty.integration_key),
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
        apiKey: forGrafana(contact.opsgenie.api_key),
        ...(contact.opsgenie.api_url === undefined ? {} : { apiUrl: literal(contact.opsgenie.api_url) }),
        message: title,
        description: text,
      },
    ];
  if (contact.victorops) return ["victorops", { url: victoropsUrl(contact.victorops), title, description: text }];
  if (contact.pushover)
    return [
      "pushover",
      {
        apiToken: forGrafana(contact.pushover.token),
        userKey: forGrafana(contact.pushover.user_key),
        title,
        message: text,
      },
    ];
  if (contact.webhook) return webhookSettings(contact.webhook);
  throw new Error("a contact has no kind");
}

function webhookSettings({ url, bearer_token: token }: NonNullable<ContactConfig["webhook"]>): Settings {
  const authorization =
    token === undefined ? {} : { authorization_scheme: "Bearer", authorization_credentials: forGrafana(token) };
  return ["webhook", { url: forGrafana(url), httpMethod: "POST", ...authorization, title, message: text }];
}

function victoropsUrl(settings: NonNullable<ContactConfig["victorops"]>): string {
  const base = "https://alert.victorops.com/integrations/generic/20131114/alert";
  return `${base}/${forGrafana(settings.api_key)}/${encodeURIComponent(settings.routing_key)}`;
}

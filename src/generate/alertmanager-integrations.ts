import { type ContactConfig, type ContactKind, contactKinds } from "../config/alerting-schema.ts";
import { chatTemplate, chatTitleTemplate, details, textTemplate, titleTemplate, urgencyTemplate } from "./message.ts";
import { fileForAlertmanager } from "./secret-reference.ts";

/** Key of the receiver's list, and its entries. */
export type Integration = readonly [key: string, settings: readonly object[]];

type Settings<K extends ContactKind> = NonNullable<ContactConfig[K]>;
type Makers = { readonly [K in ContactKind]: (settings: Settings<K>) => Integration };

const sends = { send_resolved: true };

/** Settings of each kind as Alertmanager has them (config/notifiers.go, 0.33); secrets as paths of files. */
const makers: Makers = {
  email: (addresses) => [
    "email_configs",
    addresses.map((to) => ({ ...sends, to, headers: { Subject: titleTemplate }, text: textTemplate, html: "" })),
  ],
  slack: ({ url, channel }) => [
    "slack_configs",
    [
      {
        ...sends,
        api_url_file: fileForAlertmanager(url),
        ...(channel === undefined ? {} : { channel }),
        title: chatTitleTemplate,
        text: chatTemplate,
        link_names: false,
        mrkdwn_in: ["text"],
      },
    ],
  ],
  teams: ({ url }) => [
    "msteamsv2_configs",
    [{ ...sends, webhook_url_file: fileForAlertmanager(url), title: chatTitleTemplate, text: chatTemplate }],
  ],
  discord: ({ url }) => [
    "discord_configs",
    [{ ...sends, webhook_url_file: fileForAlertmanager(url), title: chatTitleTemplate, message: chatTemplate }],
  ],
  telegram: ({ bot_token, chat_id }) => [
    "telegram_configs",
    [
      {
        ...sends,
        bot_token_file: fileForAlertmanager(bot_token),
        chat_id: Number(chat_id),
        parse_mode: "",
        message: textTemplate,
      },
    ],
  ],
  pagerduty: ({ integration_key }) => [
    "pagerduty_configs",
    [
      {
        ...sends,
        routing_key_file: fileForAlertmanager(integration_key),
        description: titleTemplate,
        severity: urgencyTemplate,
        class: "{{ .CommonLabels.category }}",
        component: "{{ .CommonLabels.queue }}",
        details,
      },
    ],
  ],
  opsgenie: ({ api_key, api_url }) => [
    "opsgenie_configs",
    [
      {
        ...sends,
        api_key_file: fileForAlertmanager(api_key),
        ...(api_url === undefined ? {} : { api_url }),
        message: titleTemplate,
        description: textTemplate,
        details,
      },
    ],
  ],
  victorops: ({ api_key, routing_key }) => [
    "victorops_configs",
    [
      {
        ...sends,
        api_key_file: fileForAlertmanager(api_key),
        routing_key,
        entity_display_name: titleTemplate,
        state_message: textTemplate,
      },
    ],
  ],
  pushover: ({ user_key, token }) => [
    "pushover_configs",
    [
      {
        ...sends,
        user_key_file: fileForAlertmanager(user_key),
        token_file: fileForAlertmanager(token),
        title: titleTemplate,
        message: textTemplate,
      },
    ],
  ],
  webhook: ({ url, bearer_token }) => [
    "webhook_configs",
    [
      {
        ...sends,
        url_file: fileForAlertmanager(url),
        ...(bearer_token === undefined ? {} : authorized(fileForAlertmanager(bearer_token))),
      },
    ],
  ],
};

function authorized(file: string): object {
  return { http_config: { authorization: { type: "Bearer", credentials_file: file } } };
}

/** Settings of one contact of the config. */
export function integration(contact: ContactConfig): Integration {
  const made = contactKinds.map((kind) => make(kind, contact)).find((one) => one !== undefined);
  if (made === undefined) throw new Error("a contact has no kind");
  return made;
}

/** Generic so that settings and maker are known to be of the same kind. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function make<K extends ContactKind>(kind: K, contact: ContactConfig): Integration | undefined {
  const settings: ContactConfig[K] = contact[kind];
  return settings ? makers[kind](settings) : undefined;
}

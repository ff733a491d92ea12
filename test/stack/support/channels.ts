import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHttpSink, startMailSink, type Received, type Sink } from "./sinks.ts";

export const channelKinds = ["mail", "slack", "pagerduty", "webhook"] as const;
type ChannelKind = (typeof channelKinds)[number];

/** What a person reads, whichever channel it came by. */
export interface Message {
  readonly channel: ChannelKind;
  /** The group that it was sent to. */
  readonly to: string;
  readonly status: "firing" | "resolved";
  /** Everything that the message says; of JSON all texts in it, a line each. */
  readonly text: string;
}

/** Groups of people, each to be reached by mail, Slack, PagerDuty and a webhook, at sinks on loopback. */
export interface Channels {
  /** For `alerting` of the config: how to send mail, and the contacts. */
  readonly smtp: object;
  readonly contacts: Readonly<Record<string, object>>;
  readonly pagerdutyUrl: string;
  /** Names of a group's contacts. */
  readonly of: (group: string) => readonly string[];
  /** All that a group was sent so far, a channel at a time. */
  messages(group: string): readonly Message[];
}

/** Opens the channels; secrets are put into files in `dir`. */
export async function openChannels(
  stack: AsyncDisposableStack,
  dir: string,
  groups: readonly string[],
): Promise<Channels> {
  const json = { status: 200, type: "application/json", body: "{}" };
  const sinks: Readonly<Record<ChannelKind, Sink>> = {
    mail: await startMailSink(),
    // Slack's own answer: Alertmanager takes another one for a failure.
    slack: await startHttpSink({ status: 200, type: "text/plain", body: "ok" }),
    pagerduty: await startHttpSink({ ...json, status: 202, body: '{"status":"success"}' }),
    webhook: await startHttpSink(json),
  };
  for (const sink of Object.values(sinks)) stack.defer(() => sink.close());
  const url = (kind: ChannelKind, path: string): string => `http://127.0.0.1:${sinks[kind].port}/${path}`;
  const contacts: Record<string, object> = {};
  for (const group of groups) {
    const secret = async (kind: ChannelKind, text: string): Promise<string> => {
      const file = join(dir, `${group}-${kind}`);
      await writeFile(file, text, { mode: 0o600 });
      return `file:${file}`;
    };
    contacts[`${group}-mail`] = { email: [`${group}@example.com`] };
    contacts[`${group}-slack`] = { slack: { url: await secret("slack", url("slack", group)), channel: `#${group}` } };
    contacts[`${group}-pagerduty`] = {
      pagerduty: { integration_key: await secret("pagerduty", group.padEnd(32, "0")) },
    };
    contacts[`${group}-webhook`] = { webhook: { url: await secret("webhook", url("webhook", group)) } };
  }
  return {
    smtp: { smarthost: `localhost:${sinks.mail.port}`, from: "queuewatch@example.com" },
    contacts,
    pagerdutyUrl: url("pagerduty", "v2/enqueue"),
    of: (group) => channelKinds.map((kind) => `${group}-${kind}`),
    messages: (group) =>
      channelKinds
        .flatMap((kind) => sinks[kind].received.map((received) => readers[kind](received)))
        .filter(({ to }) => to === group),
  };
}

const readers: Readonly<Record<ChannelKind, (received: Received) => Message>> = {
  mail: ({ to, body }) => {
    const text = decoded(body);
    const status = /^Subject: \[(FIRING|RESOLVED)/m.exec(text)?.[1];
    return { channel: "mail", to: to.replace("@example.com", ""), status: statusOf(status), text };
  },
  slack: ({ to, body }) => {
    const text = texts(body);
    return { channel: "slack", to: to.slice(1), status: statusOf(/^\[(FIRING|RESOLVED)\]/m.exec(text)?.[1]), text };
  },
  pagerduty: ({ body }) => {
    const { routing_key, event_action } = JSON.parse(body) as { routing_key: string; event_action: string };
    const status = event_action === "trigger" ? "firing" : "resolved";
    return { channel: "pagerduty", to: routing_key.replace(/0+$/, ""), status, text: texts(body) };
  },
  webhook: ({ to, body }) => {
    const { status } = JSON.parse(body) as { status: string };
    return { channel: "webhook", to: to.slice(1), status: statusOf(status), text: texts(body) };
  },
};

function statusOf(said: string | undefined): Message["status"] {
  const status = said?.toLowerCase();
  if (status !== "firing" && status !== "resolved") throw new Error(`neither firing nor resolved: ${said}`);
  return status;
}

/** The texts in JSON, a line each; a field that is a word, such as a label, as `name: value`. */
function texts(json: string): string {
  const lines: string[] = [];
  const walk = (value: unknown, key: string): void => {
    if (typeof value === "string") lines.push(/[\s[]/.test(value) ? value : `${key}: ${value}`);
    else if (typeof value === "object" && value !== null)
      for (const [name, one] of Object.entries(value)) walk(one, name);
  };
  walk(JSON.parse(json), "");
  return lines.join("\n");
}

/** A mail without the soft line ends and escapes of quoted-printable. */
function decoded(mail: string): string {
  const joined = mail.replaceAll(/=\r?\n/g, "").replaceAll("\r\n", "\n");
  return joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

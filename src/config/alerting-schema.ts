import * as z from "zod";
import { duration, hostPort } from "./quantities.ts";
import { didYouMean } from "./suggest.ts";
import { secretReference } from "./secret-reference.ts";

/**
 * The part `alerting` of the config, read by `generate` only. References (`"${NAME}"`) are never resolved here: they go
 * into the output in the target's own form.
 */

const text = z.string().min(1, "is empty");

const severities = z.enum(["info", "warning", "critical"]);
const contactBase = {
  purpose: text.optional().meta({ description: "What the channel is for; stands on its page." }),
  reached_by: text.optional().meta({ description: "Who reads it." }),
};

const contact = z
  .strictObject({
    ...contactBase,
    email: z.array(text).min(1).optional().meta({ description: "Addresses." }),
    slack: z
      .strictObject({
        url: secretReference,
        channel: text.optional().meta({ description: "`#channel`, where the URL takes one." }),
      })
      .optional()
      .meta({ description: "Incoming webhook of Slack." }),
    pagerduty: z
      .strictObject({ integration_key: secretReference })
      .optional()
      .meta({ description: "Events API v2 integration of PagerDuty." }),
    webhook: z
      .strictObject({ url: secretReference, bearer_token: secretReference.optional() })
      .optional()
      .meta({ description: "Any service that takes Alertmanager's or Grafana's JSON." }),
    opsgenie: z
      .strictObject({ api_key: secretReference, api_url: text.optional() })
      .optional()
      .meta({ description: "API integration of Opsgenie." }),
    teams: z
      .strictObject({ url: secretReference })
      .optional()
      .meta({ description: "Workflow webhook of Microsoft Teams." }),
    telegram: z
      .strictObject({ bot_token: secretReference, chat_id: text })
      .optional()
      .meta({ description: "Bot of Telegram." }),
    discord: z.strictObject({ url: secretReference }).optional().meta({ description: "Webhook of Discord." }),
    victorops: z
      .strictObject({ api_key: secretReference, routing_key: text })
      .optional()
      .meta({ description: "REST integration of Splunk On-Call." }),
    pushover: z
      .strictObject({ user_key: secretReference, token: secretReference })
      .optional()
      .meta({ description: "Application of Pushover." }),
  })
  .superRefine((value, context) => {
    const kinds = contactKinds.filter((kind) => value[kind] !== undefined);
    if (kinds.length === 1) return;
    context.addIssue({ code: "custom", path: [], message: `expected exactly one of ${contactKinds.join(", ")}` });
  });

export const contactKinds = [
  "email",
  "slack",
  "pagerduty",
  "webhook",
  "opsgenie",
  "teams",
  "telegram",
  "discord",
  "victorops",
  "pushover",
] as const;
export type ContactKind = (typeof contactKinds)[number];

const names = z.array(text).min(1, "expected at least one contact");
const bySeverity = {
  critical: names.optional().meta({ description: "Contacts for what needs somebody now." }),
  warning: names.optional().meta({ description: "Contacts for what needs somebody today." }),
  info: names.optional().meta({ description: "Contacts for what is good to know." }),
};

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, "expected a time of day: 09:00");
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].join("|");
const times = z.array(
  z.strictObject({
    weekdays: z
      .array(z.string().regex(new RegExp(`^(?:${weekdays})(?::(?:${weekdays}))?$`), "expected monday or monday:friday"))
      .optional(),
    from: clock.optional(),
    to: clock.optional(),
    days_of_month: z.array(z.string().regex(/^-?\d{1,2}(?::-?\d{1,2})?$/, "expected 1, 1:5 or -1")).optional(),
    months: z.array(z.string().regex(/^[a-z0-9]+(?::[a-z0-9]+)?$/, "expected may, 5 or may:august")).optional(),
    years: z.array(z.string().regex(/^\d{4}(?::\d{4})?$/, "expected 2030 or 2030:2031")).optional(),
    location: text.optional().meta({ description: "IANA time zone; default: UTC." }),
  }),
);

const mute = z.strictObject({
  during: text.optional().meta({ description: "Name of times at which nothing is sent." }),
  outside: text.optional().meta({ description: "Name of times outside of which nothing is sent." }),
  severity: z.array(severities).default(["info", "warning"]),
  team: z.enum(["operations", "security"]).optional(),
});

const share = z.number().min(0, "expected a share, from 0 to 1").max(1, "expected a share, from 0 to 1");
const classThreshold = z.strictObject({
  failure_ratio: z
    .strictObject({ warning: share.optional(), critical: share.optional() })
    .meta({ description: "Share of attempts that may fail." }),
});

export const alertingSchema = z
  .strictObject({
    dashboards_url: z
      .url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" })
      .optional()
      .meta({ description: "Address of Grafana, for links." }),
    runbooks_url: z
      .url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" })
      .optional()
      .meta({ description: "Where the generated runbooks are published." }),
    datasource_uid: z
      .string()
      .regex(/^[\w-]{1,40}$/, "expected the uid of a data source")
      .default("queuewatch-prometheus")
      .meta({ description: "Grafana's Prometheus data source." }),
    folder: text.default("queuewatch").meta({ description: "Grafana folder of the rules." }),
    contacts: z
      .record(z.string().regex(/^[\w.-]{1,60}$/, "expected letters, digits, `_`, `.` and `-`"), contact)
      .prefault({})
      .meta({
        description: "Channels by name.",
      }),
    smtp: z
      .strictObject({
        smarthost: hostPort.default("localhost:25").meta({ description: "Mail server, `host:port`." }),
        from: text.default("queuewatch@localhost").meta({ description: "Sender." }),
        username: text.optional().meta({ description: "Where the server asks for one." }),
        password: secretReference.optional(),
      })
      .prefault({})
      .meta({ description: "How Alertmanager sends email; Grafana has settings of its own." }),
    routes: z
      .strictObject({
        ...bySeverity,
        threat: names.optional().meta({ description: "Contacts for what concerns security, of any severity." }),
        watchdog: names.optional().meta({ description: "Contacts for the dead man's switch." }),
        teams: z
          .record(z.string(), z.strictObject(bySeverity))
          .default({})
          .meta({ description: "Contacts of the teams that own queues, instead of the above." }),
      })
      .prefault({}),
    times: z.record(text, times).default({}).meta({ description: "Times by name: office hours, maintenance windows." }),
    mutes: z.array(mute).default([]).meta({ description: "When what is not sent." }),
    shadow: text.optional().meta({ description: "Everything goes to this contact only, while rules are tried out." }),
    repeat: duration.prefault("4h").meta({ description: "Time until a notification is repeated." }),
    escalate_after: duration
      .refine((seconds) => seconds >= 60, "expected at least 1m")
      .optional()
      .meta({
        description:
          "How long a warning may stand before it becomes critical too (`4h`), in Prometheus's and Grafana's rules; default: never.",
      }),
    disable: z.array(text).default([]).meta({ description: "Names of alerts that are left out." }),
    thresholds: z
      .record(z.string(), z.record(z.string(), z.number()))
      .default({})
      .meta({ description: "Other thresholds, by alert and by threshold." }),
    classes: z.record(text, classThreshold).default({}).meta({
      description: "Thresholds of single job classes, by name or glob.",
    }),
  })
  .superRefine((alerting, context) => {
    const known = Object.keys(alerting.contacts);
    const ask = (list: readonly string[] | undefined, path: (string | number)[]): void => {
      for (const name of list ?? [])
        if (!known.includes(name))
          context.addIssue({
            code: "custom",
            path,
            message: `there is no contact \`${name}\`${didYouMean(name, known)}`,
          });
    };
    const { teams, ...routes } = alerting.routes;
    for (const [key, list] of Object.entries(routes)) ask(list, ["routes", key]);
    for (const [team, own] of Object.entries(teams))
      for (const [key, list] of Object.entries(own)) ask(list, ["routes", "teams", team, key]);
    if (alerting.shadow !== undefined) ask([alerting.shadow], ["shadow"]);
    alerting.mutes.forEach(({ during, outside }, index) => {
      if ((during === undefined) === (outside === undefined))
        context.addIssue({ code: "custom", path: ["mutes", index], message: "give either `during` or `outside`" });
      for (const name of [during, outside])
        if (name !== undefined && alerting.times[name] === undefined)
          context.addIssue({
            code: "custom",
            path: ["mutes", index],
            message: `there are no times \`${name}\`${didYouMean(name, Object.keys(alerting.times))}`,
          });
    });
  });

export type AlertingConfig = z.output<typeof alertingSchema>;
export type ContactConfig = AlertingConfig["contacts"][string];

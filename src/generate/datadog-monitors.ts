import type { AlertingConfig, ContactConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import type { Severity } from "./alert.ts";
import type { GeneratedFile } from "./generator.ts";
import { contactsFor } from "./routing.ts";
import type { Comparison, Condition } from "./vendor/condition.ts";
import { leftOutSettings } from "./vendor/left-out.ts";
import { leastSeconds, sayAlerts, vendorPage, vendorText, type Way } from "./vendor/said-alert.ts";
import { Unsayable } from "./vendor/unsayable.ts";
import { type Filter, seriesIn, type Series, type Value } from "./vendor/value.ts";

/** A monitor as Datadog's API takes it: POST /api/v1/monitor (docs.datadoghq.com/api/latest/monitors). */
export interface DatadogMonitor {
  readonly name: string;
  readonly type: "query alert";
  readonly query: string;
  readonly message: string;
  readonly tags: readonly string[];
  /** 1, the highest, to 5. */
  readonly priority: number;
  readonly options: {
    readonly thresholds: { readonly critical: number };
    readonly notify_no_data: boolean;
    /** In minutes. */
    readonly no_data_timeframe?: number;
    readonly include_tags: boolean;
    readonly require_full_window: boolean;
    /** In seconds: points that are on their way are waited for. */
    readonly evaluation_delay: number;
    /** In minutes. */
    readonly renotify_interval: number;
  };
}

const priorities: Record<Severity, number> = { critical: 1, warning: 3, info: 4, none: 5 };
const evaluationDelay = 60;

/** One file a monitor, and a page about them. */
export function datadogFiles(config: GeneratorConfig): GeneratedFile[] {
  const outcomes = sayAlerts(config, (way) => monitorOf(way, config));
  const monitors = outcomes.flatMap(({ said }) => said.map(({ way, made }) => ({ path: `${way.id}.json`, made })));
  return [
    ...monitors.map(({ path, made }) => ({ path, text: `${JSON.stringify(made, null, 2)}\n` })),
    { path: "README.md", text: vendorPage({ ...pageTexts, byHand: datadogByHand(config.alerting) }, outcomes) },
  ];
}

/** What Datadog must be told besides the files, as sentences. */
export function datadogByHand(alerting: AlertingConfig): string[] {
  const contacts = Object.entries(alerting.contacts).map(([name, contact]) => handlesOf(name, contact));
  const handles = [...new Set(contacts.flat())].filter((handle) => !handle.slice(1).includes("@"));
  const needed = handles.length === 0 ? [] : [`Set up in Datadog's integrations: ${handles.join(", ")}.`];
  return [...needed, ...leftOutSettings(alerting)];
}

const pageTexts = {
  title: "Monitors for Datadog",
  introduction:
    "Made by `queuewatch generate datadog` from the same alerts as the rules for Prometheus. `deploy/vendors.md` says how to create them. Each is a multi alert by target and whatever else it names. Where a rule asks for a second condition, the value is multiplied by `is_greater`, which is 1 or 0, as Datadog's guide to minimum request thresholds does it. A target that cannot be read sends no points: its monitors stay as they were, and RedisUnreachable says so.",
};

function monitorOf(way: Way, config: GeneratorConfig): { made: DatadogMonitor; notes: readonly string[] } {
  const { alert, condition, severity, title } = way;
  const query = condition.kind === "silence" ? silenceQuery(condition.value, config) : queryOf(way, condition, config);
  const notes = [...condition.notes, ...(query.notes ?? [])];
  const silent = condition.kind === "silence";
  return {
    made: {
      name: `queuewatch: ${title}`,
      type: "query alert",
      query: query.text,
      message: messageOf(way, notes, config.alerting),
      tags: ["app:queuewatch", `severity:${severity}`, `category:${alert.category}`, `team:${alert.team}`],
      priority: priorities[severity],
      options: {
        thresholds: { critical: query.threshold },
        notify_no_data: silent,
        ...(silent ? { no_data_timeframe: Math.max(2, Math.ceil(condition.seconds / 60)) } : {}),
        include_tags: true,
        require_full_window: false,
        evaluation_delay: evaluationDelay,
        renotify_interval: Math.round(config.alerting.repeat / 60),
      },
    },
    notes,
  };
}

interface Query {
  readonly text: string;
  readonly threshold: number;
  readonly notes?: readonly string[];
}

/** A comparison that never holds: only missing points alert. */
function silenceQuery(value: Value, config: GeneratorConfig): Query {
  return { text: `max(last_1m):${rendered(value, config)} < 0`, threshold: 0 };
}

function queryOf({ heldSeconds }: Way, condition: Condition, config: GeneratorConfig): Query {
  const { provided, main } = rearranged(condition);
  const factors = new Set(provided.map((one) => indicator(one, config)));
  const value = rendered(main.value, config);
  const text = factors.size === 0 ? value : [`(${value})`, ...factors].join(" * ");
  const windowed = [main, ...provided].flatMap(({ value: one }) => seriesIn(one)).map(({ growth }) => growth);
  const { aggregation, seconds, notes } = overTime(windowed, main.operator, heldSeconds + condition.longer);
  const minutes = Math.ceil(Math.max(seconds, leastSeconds(config)) / 60);
  const query = `${aggregation}(last_${minutes}m):${text} ${main.operator} ${main.threshold}`;
  return { text: query, threshold: main.threshold, ...(notes === undefined ? {} : { notes }) };
}

/**
 * The other conditions become factors of 0 or 1, so that what is compared must be large: where it is `== 0`, it changes
 * places with one of the others.
 */
function rearranged({ provided, ...main }: Condition): { main: Comparison; provided: readonly Comparison[] } {
  if (provided.length === 0 || isLarge(main)) return { main, provided };
  const other = provided.find(isLarge);
  if (!other || main.operator !== "<=" || main.threshold !== 0)
    throw new Unsayable("asks for several conditions at once");
  return { main: other, provided: [main, ...provided.filter((one) => one !== other)] };
}

function isLarge({ operator, threshold }: Comparison): boolean {
  return (operator === ">" && threshold >= 0) || (operator === ">=" && threshold > 0);
}

/** 1 where a comparison holds, else 0: `is_greater`, as Datadog's guide to minimum request thresholds has it. */
function indicator({ operator, threshold, value }: Comparison, config: GeneratorConfig): string {
  const text = rendered(value, config);
  if (operator === ">") return `is_greater(${text}, ${threshold})`;
  if (!seriesIn(value).every(({ metric }) => countsThings(metric.unit)))
    throw new Unsayable("asks for several conditions at once");
  if (operator === ">=") return `is_greater(${text}, ${threshold - 0.5})`;
  if (operator === "<=" && threshold === 0) return `(1 - is_greater(${text}, 0))`;
  throw new Unsayable("asks for several conditions at once");
}

/** Units in braces count whole things. */
function countsThings(unit: string): boolean {
  return unit.startsWith("{");
}

/** How the points of the window become the number that is compared. */
function overTime(
  growths: readonly Series["growth"][],
  operator: string,
  heldSeconds: number,
): { aggregation: string; seconds: number; notes?: readonly string[] } {
  const [growth] = growths;
  const same = growths.every((one) => one?.seconds === growth?.seconds && one?.perSecond === growth?.perSecond);
  if (!same) throw new Unsayable("compares growth over one window with something else");
  if (growth === undefined) return { aggregation: operator.startsWith(">") ? "min" : "max", seconds: heldSeconds };
  const notes = heldSeconds > 0 ? [`It fires at once, instead of after ${heldSeconds / 60} min.`] : [];
  return { aggregation: growth.perSecond ? "avg" : "sum", seconds: growth.seconds, notes };
}

function rendered(value: Value, config: GeneratorConfig): string {
  switch (value.kind) {
    case "number":
      return `${value.value}`;
    case "series":
      return renderedSeries(value, config);
    case "above zero":
      // What is cut off below 1 is above 0 only where whole things are counted.
      if (!countsThings(value.of.metric.unit) && value.of.metric.unit !== "By")
        throw new Unsayable("has a divisor that may be 0");
      return `cutoff_min(${renderedSeries(value.of, config)}, 1)`;
    case "arithmetic":
      return `${operand(value.left, config)} ${value.operator} ${operand(value.right, config)}`;
  }
}

function operand(value: Value, config: GeneratorConfig): string {
  const text = rendered(value, config);
  return value.kind === "arithmetic" ? `(${text})` : text;
}

function renderedSeries({ metric, filters, by, combine, growth }: Series, config: GeneratorConfig): string {
  if (metric.kind === "histogram") throw new Unsayable("needs the count and sum of a histogram");
  const all: readonly Filter[] =
    config.environment === undefined
      ? filters
      : [...filters, { attribute: "environment", not: false, patterns: [config.environment] }];
  const scope = all.length === 0 ? "*" : all.map(scopeOf).join(" AND ");
  const groups = by.length === 0 ? "" : ` by {${by.join(",")}}`;
  if (growth === undefined) return `${combine}:${metric.name}{${scope}}${groups}`;
  // Differences add up over agents' and whatever else is told apart; the largest of them would be too few.
  return `sum:${metric.name}{${scope}}${groups}.${growth.perSecond ? "as_rate" : "as_count"}()`;
}

function scopeOf({ attribute, not, patterns }: Filter): string {
  const terms = patterns.map((pattern) => `${attribute}:${tagValue(pattern)}`);
  const any = terms.length === 1 ? terms.join("") : `(${terms.join(" OR ")})`;
  return not ? `NOT ${any}` : any;
}

/** As Datadog keeps tags: in lower case, with `_` for what is no letter, digit, `_`, `-`, `:`, `.` or `/`. */
function tagValue(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}_:./*-]/gu, "_");
}

function messageOf(way: Way, notes: readonly string[], config: AlertingConfig): string {
  const { alert, condition, runbookUrl, severity } = way;
  const text = vendorText(condition, "{{value}}", (name) => `{{${name.includes(".") ? `[${name}]` : name}.name}}`);
  const handles = contactsFor(config, severity, alert.team).flatMap((name) => {
    const contact = config.contacts[name];
    return contact === undefined ? [] : handlesOf(name, contact);
  });
  return [
    alert.summary(text),
    alert.description(text),
    ...(notes.length === 0 ? [] : [`About this monitor: ${notes.join(" ")}`]),
    `Runbook: ${runbookUrl}`,
    ...(handles.length === 0 ? [] : [handles.join(" ")]),
  ].join("\n\n");
}

/** Datadog keeps the secrets of its integrations itself: a contact is the integration's channel or service of that name. */
function handlesOf(name: string, contact: ContactConfig): string[] {
  if (contact.email !== undefined) return contact.email.map((address) => `@${address}`);
  if (contact.slack !== undefined) return [`@slack-${contact.slack.channel?.replace(/^#/, "") ?? name}`];
  const kind = (["pagerduty", "opsgenie", "victorops", "teams"] as const).find((one) => contact[one] !== undefined);
  return [`@${kind ?? "webhook"}-${name}`];
}

import type { AlertingConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { slug } from "./alert.ts";
import type { GeneratedFile } from "./generator.ts";
import type { Condition, Silence } from "./vendor/condition.ts";
import { leftOutSettings } from "./vendor/left-out.ts";
import { leastSeconds, sayAlerts, vendorPage, type Way } from "./vendor/said-alert.ts";
import { Unsayable } from "./vendor/unsayable.ts";
import { type Filter, groupsOf, seriesIn, type Series, type Value } from "./vendor/value.ts";

/**
 * A condition as New Relic's NerdGraph takes it: the argument `condition` of `alertsNrqlConditionStaticCreate`
 * (docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-api-nrql-condition-alerts).
 */
export interface NewRelicCondition {
  readonly name: string;
  readonly enabled: boolean;
  readonly description: string;
  /** At most 256 characters; `{{tag.X}}` is the value of a facet. */
  readonly titleTemplate: string;
  readonly runbookUrl?: string;
  readonly nrql: { readonly query: string };
  /** Times in seconds. */
  readonly signal: {
    readonly aggregationWindow: number;
    readonly slideBy?: number;
    readonly aggregationMethod: "EVENT_FLOW";
    readonly aggregationDelay: number;
    readonly fillOption: "NONE";
  };
  readonly terms?: readonly [
    {
      readonly threshold: number;
      readonly thresholdDuration: number;
      readonly thresholdOccurrences: "ALL";
      readonly operator: "ABOVE" | "ABOVE_OR_EQUALS" | "BELOW" | "BELOW_OR_EQUALS";
      readonly priority: "CRITICAL" | "WARNING";
    },
  ];
  readonly expiration: {
    readonly expirationDuration: number;
    readonly openViolationOnExpiration: boolean;
    readonly closeViolationsOnExpiration: boolean;
  };
  readonly violationTimeLimitSeconds: number;
}

const operators = { ">": "ABOVE", ">=": "ABOVE_OR_EQUALS", "<": "BELOW", "<=": "BELOW_OR_EQUALS" } as const;
const aggregationDelay = 120;
/** A series that is gone for so long closes what it opened. */
const goneAfter = 600;
const threeDays = 259_200;
const longestDescription = 4_000;

/** One file a condition, and a page about them. */
export function newRelicFiles(config: GeneratorConfig): GeneratedFile[] {
  const outcomes = sayAlerts(config, (way) => ({ made: conditionOf(way, config), notes: way.condition.notes }));
  const conditions = outcomes.flatMap(({ said }) => said.map(({ way, made }) => ({ path: `${way.id}.json`, made })));
  return [
    ...conditions.map(({ path, made }) => ({ path, text: `${JSON.stringify(made, null, 2)}\n` })),
    { path: "README.md", text: vendorPage({ ...pageTexts, byHand: newRelicByHand(config.alerting) }, outcomes) },
  ];
}

/** What New Relic must be told besides the files, as sentences. */
export function newRelicByHand(alerting: AlertingConfig): string[] {
  const contacts = Object.keys(alerting.contacts);
  const routes =
    "`alerting.contacts` and `alerting.routes` are left out: set up workflows there, which tell who is told.";
  return [...(contacts.length === 0 ? [] : [routes]), ...leftOutSettings(alerting)];
}

const pageTexts = {
  title: "Conditions for New Relic",
  introduction:
    "Made by `queuewatch generate newrelic` from the same alerts as the rules for Prometheus. `deploy/vendors.md` says how to create them. Each has a facet for the target and whatever else it names. A target that cannot be read sends no points: what its conditions opened is closed after ten minutes, and RedisUnreachable says so.",
};

function conditionOf(way: Way, config: GeneratorConfig): NewRelicCondition {
  const { condition, runbookUrl, severity, title } = way;
  const { window, slides } = windowOf(condition, config);
  return {
    name: `queuewatch: ${title}`,
    enabled: true,
    description: descriptionOf(way),
    titleTemplate: titleOf(way),
    ...(runbookUrl.startsWith("http") ? { runbookUrl } : {}),
    nrql: { query: queryOf(condition, config) },
    signal: {
      aggregationWindow: window,
      ...(slides ? { slideBy: 60 } : {}),
      aggregationMethod: "EVENT_FLOW",
      aggregationDelay,
      fillOption: "NONE",
    },
    ...(condition.kind === "silence"
      ? {}
      : {
          terms: [
            {
              threshold: condition.threshold,
              thresholdDuration: heldFor(way.heldSeconds + condition.longer, slides ? 60 : window),
              thresholdOccurrences: "ALL",
              operator: operators[condition.operator],
              priority: severity === "critical" ? "CRITICAL" : "WARNING",
            },
          ],
        }),
    expiration: expirationOf(condition),
    violationTimeLimitSeconds: threeDays,
  };
}

function expirationOf(condition: Condition | Silence): NewRelicCondition["expiration"] {
  const silent = condition.kind === "silence";
  return {
    expirationDuration: silent ? condition.seconds : goneAfter,
    openViolationOnExpiration: silent,
    closeViolationsOnExpiration: !silent,
  };
}

/** Growth is counted over its whole window, which moves on by a minute; gauges are looked at once a window. */
function windowOf({ value }: Condition | Silence, config: GeneratorConfig): { window: number; slides: boolean } {
  const growths = seriesIn(value).map(({ growth }) => growth);
  const [growth] = growths;
  if (!growths.every((one) => one?.seconds === growth?.seconds))
    throw new Unsayable("compares growth over one window with something else");
  const window = growth?.seconds ?? Math.ceil(leastSeconds(config) / 60) * 60;
  return { window, slides: growth !== undefined && window > 60 };
}

function heldFor(seconds: number, step: number): number {
  return Math.max(1, Math.ceil(seconds / step)) * step;
}

function queryOf(condition: Condition | Silence, config: GeneratorConfig): string {
  if (condition.kind === "condition" && condition.provided.length > 0)
    throw new Unsayable("asks for several conditions at once");
  const { value } = condition;
  const all = seriesIn(value);
  const names = [...new Set(all.map(({ metric }) => `'${metric.name}'`))];
  const scope: readonly Filter[] =
    config.environment === undefined ? [] : [{ attribute: "environment", not: false, patterns: [config.environment] }];
  const [only] = all;
  const shared = all.length === 1 && only ? only.filters : [];
  const where = [`metricName IN (${names.join(", ")})`, ...[...scope, ...shared].map(whereOf)].join(" AND ");
  const facets = groupsOf(value).map(quoted).join(", ");
  return `SELECT ${rendered(value, shared)} FROM Metric WHERE ${where}${facets === "" ? "" : ` FACET ${facets}`}`;
}

/** `shared` are the filters of the whole query. */
function rendered(value: Value, shared: readonly Filter[]): string {
  switch (value.kind) {
    case "number":
      return `${value.value}`;
    case "series":
      return renderedSeries(value, shared);
    case "above zero":
      throw new Unsayable("has a divisor that may be 0");
    case "arithmetic":
      return `${operand(value.left, shared)} ${value.operator} ${operand(value.right, shared)}`;
  }
}

function operand(value: Value, shared: readonly Filter[]): string {
  const text = rendered(value, shared);
  return value.kind === "arithmetic" || text.includes(" / ") ? `(${text})` : text;
}

function renderedSeries(series: Series, shared: readonly Filter[]): string {
  const { metric, filters, growth } = series;
  if (metric.kind === "histogram") throw new Unsayable("needs the count and sum of a histogram");
  const name = quoted(metric.name);
  const aggregate = growth === undefined ? gauge(series, name) : `sum(${name})`;
  const text =
    filters.length === 0 || filters === shared
      ? aggregate
      : `filter(${aggregate}, WHERE ${filters.map(whereOf).join(" AND ")})`;
  return growth?.perSecond === true ? `${text} / ${growth.seconds}` : text;
}

/** NRQL adds up in time as well as over series: the sum of gauges is right only where there is one. */
function gauge({ by, combine, filters, metric }: Series, name: string): string {
  const chosen = filters.filter(({ not, patterns }) => !not && patterns.length === 1 && !patterns[0]?.endsWith("*"));
  const known = new Set([...by, ...chosen.map(({ attribute }) => attribute)]);
  if (metric.attributes.every((attribute) => known.has(attribute))) return `latest(${name})`;
  if (combine === "sum") throw new Unsayable("adds up gauges");
  return `max(${name})`;
}

function whereOf({ attribute, not, patterns }: Filter): string {
  const tests = patterns.map((pattern) =>
    pattern.endsWith("*")
      ? `${quoted(attribute)} ${not ? "NOT LIKE" : "LIKE"} ${literal(`${pattern.slice(0, -1)}%`)}`
      : `${quoted(attribute)} ${not ? "!=" : "="} ${literal(pattern)}`,
  );
  return tests.length === 1 ? tests.join("") : `(${tests.join(not ? " AND " : " OR ")})`;
}

function quoted(name: string): string {
  return `\`${name}\``;
}

function literal(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

/** A dot in a tag's name has a meaning of its own in templates: what is named so stands in the issue's facets only. */
function titleOf({ condition, title }: Way): string {
  const tags = groupsOf(condition.value).filter((attribute) => !attribute.includes("."));
  return [`queuewatch: ${title}`, ...tags.map((tag) => `${tag} {{tag.${tag}}}`)].join(", ");
}

function descriptionOf({ alert, condition }: Way): string {
  const { impact, meaning } = alert.runbook;
  const about = condition.notes.length === 0 ? [] : [`About this condition: ${condition.notes.join(" ")}`];
  const page = `For ${alert.team}. Runbook: ${slug(alert.name)}.md`;
  return [meaning, impact, ...about, page].join("\n\n").slice(0, longestDescription);
}

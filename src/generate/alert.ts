import type { Duration, Expr, Query } from "../promql/promql.ts";
import type { Baseline } from "./baseline.ts";
import type { DashboardName } from "./dashboard/model.ts";
import type { SampleSeries } from "./sample-series.ts";

/** `none` only for the dead man's switch, which always fires. */
export type Severity = "none" | "info" | "warning" | "critical";
export const categories = [
  "backlog",
  "flood",
  "failure",
  "workers",
  "performance",
  "schedules",
  "redis",
  "agent",
] as const;
type Category = (typeof categories)[number];
/** Who is called. */
export type Team = "operations" | "security";
export type Unit = "duration" | "ratio" | "count" | "bytes" | "per second" | "none";

/** A number of an alert that the config may replace, under `alerting.thresholds.NAME`. */
interface Threshold {
  readonly value: number;
  readonly unit: Unit;
  readonly meaning: string;
}

/** What a level's expression is made from. */
export interface Given {
  /** What is usual: the recorded series in Prometheus's form, the whole expression in Grafana's. */
  readonly usual: <L extends string>(baseline: Baseline<L>) => Expr<L>;
  /** A threshold of the alert, as the config or the default has it. */
  readonly limit: (name: string) => number;
  /** Thresholds of single job classes that the config states: the classes' own one and a pattern (RE2) of their names. */
  readonly classes: (threshold: string) => readonly { readonly pattern: string; readonly value: number }[];
}

interface Level<L extends string> {
  readonly severity: Severity;
  readonly for: Duration;
  /** How long it stays after the expression last held, so that it does not flap. */
  readonly keepFiring?: Duration;
  expr(given: Given): Expr<L>;
}

/** What a text may name: labels that the expression still has, and its value. */
export interface Text<L extends string> {
  label(name: L): string;
  value(unit: Unit): string;
}

/** Series that go in and the severities that must fire at `at`; an empty list: silence. */
export interface AlertTest {
  readonly title: string;
  readonly series: readonly SampleSeries[];
  readonly at: Duration;
  readonly fires: readonly Severity[];
}

/** What to do about it, for people: Markdown. `look` and `act` name entries of `commands.ts` and `procedures.ts`. */
interface Runbook {
  readonly meaning: string;
  readonly impact: string;
  readonly diagnosis: readonly string[];
  readonly look: readonly string[];
  readonly mitigation: readonly string[];
  readonly act: readonly string[];
}

interface AlertInput<L extends string> {
  /** Value of `alertname`, in CamelCase. */
  readonly name: string;
  readonly category: Category;
  readonly team: Team;
  /** Attributes that every level's expression carries. */
  readonly labels: readonly L[];
  readonly panel: { readonly dashboard: DashboardName; readonly panel: string };
  readonly thresholds?: Readonly<Record<string, Threshold>>;
  readonly levels: readonly Level<NoInfer<L>>[];
  summary(text: Text<NoInfer<L>>): string;
  description(text: Text<NoInfer<L>>): string;
  readonly runbook: Runbook;
  readonly tests: readonly AlertTest[];
}

/** One alert: what `alerting/` holds one file of. */
export interface Alert extends Omit<AlertInput<string>, "levels" | "summary" | "description" | "thresholds"> {
  readonly thresholds: Readonly<Record<string, Threshold>>;
  readonly levels: readonly (Omit<Level<string>, "expr"> & { readonly expr: (given: Given) => Query })[];
  readonly summary: (text: Text<string>) => string;
  readonly description: (text: Text<string>) => string;
}

/** Declares an alert. A text that names a label which the expression has lost does not compile. */
export function defineAlert<const L extends string>(input: AlertInput<L>): Alert {
  const levels = input.levels.map((level) => ({ ...level, expr: (given: Given): Query => level.expr(given) }));
  return Object.freeze({
    ...input,
    thresholds: input.thresholds ?? {},
    levels,
    summary: (text: Text<string>) => input.summary(text),
    description: (text: Text<string>) => input.description(text),
  });
}

/** `QueueLatencyHigh` as files and uids have it: `queue-latency-high`. */
export function slug(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}

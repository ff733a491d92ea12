import type { GeneratorConfig } from "../../config/schema.ts";
import { secondsOf } from "../../promql/duration.ts";
import { type Alert, type Severity, slug, type Text, type Unit } from "../alert.ts";
import { table } from "../markdown.ts";
import { enabledAlerts } from "../prometheus-rules.ts";
import { bullets } from "../runbook.ts";
import { renderAlert } from "../rendered-alert.ts";
import { type Condition, readConditions, type Silence } from "./condition.ts";
import { attempt, Unsayable } from "./unsayable.ts";
import { ownPast, readsPast } from "./value.ts";

/** One way in which a level of an alert fires, to be said in a vendor's language. */
export interface Way {
  readonly alert: Alert;
  readonly severity: Severity;
  /** As files and names have it: `no-workers-critical`, with a number where a level has several. */
  readonly id: string;
  /** `NoWorkers (critical)`. */
  readonly title: string;
  readonly heldSeconds: number;
  readonly condition: Condition | Silence;
  readonly runbookUrl: string;
}

/** A way as a vendor has it, and what differs there from the rule, as sentences. */
interface Said<T> {
  readonly way: Way;
  readonly made: T;
  readonly notes: readonly string[];
}

/** What became of one level. */
export interface Outcome<T> {
  readonly alert: Alert;
  readonly severity: Severity;
  readonly said: readonly Said<T>[];
  /** Why the level, or ways of it, could not be said. */
  readonly reasons: readonly string[];
}

/** Every level of every alert that the config leaves on, as `say` puts it; what throws Unsayable is left out. */
export function sayAlerts<T>(
  config: GeneratorConfig,
  say: (way: Way) => { readonly made: T; readonly notes: readonly string[] },
): Outcome<T>[] {
  return enabledAlerts(config.alerting).flatMap((alert) =>
    renderAlert(alert, config.alerting, "prometheus").levels.map((level): Outcome<T> => {
      const { severity } = level;
      const alternatives = readConditions(level.query.node);
      const tries = alternatives.map((condition, index): Said<T> | Unsayable => {
        if (condition instanceof Unsayable) return condition;
        const several = alternatives.length > 1 ? index + 1 : undefined;
        const runbookUrl = level.annotations["runbook_url"] ?? "";
        const named = names(alert, severity, several);
        const way = { alert, severity, ...named, heldSeconds: secondsOf(level.for), condition, runbookUrl };
        return attempt(() => ({ way, ...say(way) }));
      });
      const said = tries.flatMap((one) => (one instanceof Unsayable ? [] : [one]));
      const reasons = tries.flatMap((one) => (one instanceof Unsayable ? [one.message] : []));
      const structural = reasons.every((reason) => reason.startsWith("needs") || reason.startsWith("joins"));
      const past = said.length === 0 && structural && readsPast(level.query.node);
      return { alert, severity, said, reasons: past ? [ownPast] : [...new Set(reasons)] };
    }),
  );
}

/** The shortest time to look back on: at least two reads of every target fall into it. */
export function leastSeconds({ interval, targets }: GeneratorConfig): number {
  return Math.max(60, ...[interval, ...targets.map((target) => target.interval ?? interval)].map((each) => 2 * each));
}

function names(alert: Alert, severity: Severity, number: number | undefined): { id: string; title: string } {
  const last = number === undefined ? "" : `${number}`;
  return {
    id: [slug(alert.name), severity, ...(last === "" ? [] : [last])].join("-"),
    title: `${alert.name} (${severity}${last === "" ? "" : `, way ${last}`})`,
  };
}

/** Values as people read them, made of what a vendor puts in for the number. */
export function vendorText(
  condition: Condition | Silence,
  value: string,
  label: (name: string) => string,
): Text<string> {
  const units: Record<Unit, string> = {
    duration: `${value} s`,
    ratio: `${value} (of 1)`,
    count: value,
    bytes: `${value} bytes`,
    "per second": `${value} per second`,
    none: value,
  };
  if (condition.kind === "silence") return { label, value: () => "nothing" };
  const named = condition.operator.startsWith(">") ? "more than the limit" : "less than the limit";
  return { label, value: (unit) => (condition.difference ? named : units[unit]) };
}

/** What a vendor's page says besides its alerts. */
interface PageTexts {
  readonly title: string;
  readonly introduction: string;
  /** What is to be set up there by hand, and settings that are left out; sentences. */
  readonly byHand: readonly string[];
}

/** The page that says which alerts a vendor has, how they differ there, and which are left out. */
export function vendorPage<T>({ title, introduction, byHand }: PageTexts, outcomes: readonly Outcome<T>[]): string {
  const said = outcomes.flatMap(({ severity, alert, said: ways, reasons }) =>
    ways.map(({ way, notes }) => [
      `[${way.id}](${way.id}.json)`,
      severity,
      alert.team,
      [...notes, ...reasons.map((reason) => `Another way in which it fires is left out: it ${reason}.`)].join(" ") ||
        "–",
    ]),
  );
  const left = outcomes
    .filter(({ said: ways }) => ways.length === 0)
    .map(({ alert, severity, reasons }) => [alert.name, severity, `It ${reasons.join("; it ")}.`]);
  return `${[
    `# ${title}`,
    introduction,
    ...(byHand.length === 0 ? [] : [`## By hand\n\n${bullets(byHand)}`]),
    `## Made\n\n${table(["File", "Level", "For", "What differs from the rule in Prometheus"], said)}`,
    `## Left out\n\nThese keep needing Prometheus or Grafana with the generated rules.\n\n${table(["Alert", "Level", "Why"], left)}`,
  ].join("\n\n")}\n`;
}

import { looks, type Look } from "../../alerting/commands.ts";
import { type Procedure, procedures } from "../../alerting/procedures.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { type Alert, slug } from "./alert.ts";
import { dashboards, findPanel } from "./dashboards.ts";
import { markdownText, table } from "./markdown.ts";
import { renderAlert } from "./rendered-alert.ts";

/** One page for an alert: Meaning, Impact, Diagnosis, Mitigation, with commands filled in for the config's targets. */
export function runbookPage(alert: Alert, config: GeneratorConfig): string {
  const { runbook } = alert;
  return (
    [
      `# ${alert.name}`,
      `Category ${alert.category}, for ${alert.team}. [All alerts](README.md) · [Incident response plan](incident-response.md)`,
      levels(alert, config),
      `## Meaning\n\n${runbook.meaning}`,
      `## Impact\n\n${runbook.impact}`,
      `## Diagnosis\n\n${numbered(runbook.diagnosis)}`,
      shownBy(alert),
      ...runbook.look.flatMap((name) => look(found(looks, name), config) ?? []),
      `## Mitigation\n\n${bullets(runbook.mitigation)}`,
      ...runbook.act.map((name) => procedure(found(procedures, name))),
      `## Afterwards\n\nIt ends by itself when the expression no longer holds. Write down what it was; if nobody had to act, ${tuning(alert)}.`,
    ].join("\n\n") + "\n"
  );
}

function shownBy({ panel }: Alert): string {
  const { title } = findPanel(panel.dashboard, panel.panel).panel;
  return `Look at the dashboard **${dashboards[panel.dashboard].title}**, panel **${title}**: the alert's link opens it with its labels filled in.`;
}

/** What to change where an alert called for nothing. */
function tuning({ name, thresholds }: Alert): string {
  if (Object.keys(thresholds).length > 0) return `mend the threshold (\`alerting.thresholds.${name}\`)`;
  if (name.endsWith("PromiseBroken")) return "change what the queue promises (`targets[].queues`)";
  return `say so in the review: it has no threshold, and \`alerting.disable: [${name}]\` leaves it out`;
}

/** The list of all pages. */
export function runbookIndex(alerts: readonly Alert[]): string {
  const rows = alerts.map((alert) => [
    `[${alert.name}](${slug(alert.name)}.md)`,
    alert.category,
    alert.team,
    alert.levels.map(({ severity }) => severity).join(", "),
    alert.runbook.meaning,
  ]);
  return `# Alerts\n\nWhat to do in general: the [incident response plan](incident-response.md).\n\n${table(["Alert", "Category", "For", "Levels", "Meaning"], rows)}\n`;
}

export function found<T>(entries: Readonly<Record<string, T>>, name: string): T {
  const entry = entries[name];
  if (entry === undefined) throw new Error(`there is no ${name}`);
  return entry;
}

function levels(alert: Alert, config: GeneratorConfig): string {
  const rendered = renderAlert(alert, config.alerting, "prometheus");
  const rows = rendered.levels.map(({ severity, for: held, keepFiring }) => [severity, held, keepFiring ?? "–"]);
  if (rendered.standing)
    rows.push(["critical, a warning that stands", rendered.standing.for, rendered.standing.keepFiring ?? "–"]);
  const thresholds = Object.entries(alert.thresholds).map(([name, { value, meaning }]) => [
    `\`${name}\``,
    String(config.alerting.thresholds[alert.name]?.[name] ?? value),
    meaning,
  ]);
  return [
    table(["Level", "Holds for", "Stays for"], rows),
    ...(thresholds.length === 0 ? [] : [table(["Threshold", "Value", "Meaning"], thresholds)]),
  ].join("\n\n");
}

/** The steps of a procedure, as runbooks and the plan show them. */
export function procedure({ title, steps, avoid, verify }: Procedure): string {
  return `### ${title}\n\n${numbered(steps)}\n\nNot: ${avoid.join(" ")}\n\nIt worked when: ${verify}`;
}

/** Commands of a look, or nothing where the systems in question have none. Those without a key are shown once. */
function look({ title, redis, sidekiq, resque, shell }: Look, config: GeneratorConfig): string | undefined {
  const everywhere = (redis ?? []).filter((command) => !command.includes("{prefix}"));
  const all = [
    shell === undefined ? undefined : block("sh", shell),
    everywhere.length === 0
      ? undefined
      : block(
          "sh",
          everywhere.map((command) => `redis-cli ${quoted(command, "")}`),
        ),
    ...namespaces(config).flatMap(({ label, prefix, system }) => {
      const own = [
        [
          ...(redis ?? []).filter((command) => !everywhere.includes(command)),
          ...(system === "resque" ? [] : (sidekiq?.redis ?? [])),
        ],
        [...(system === "sidekiq" ? [] : (resque?.redis ?? []))],
      ].flat();
      const commands = [...new Set(own)].map((command) => `redis-cli ${quoted(command, prefix)}`);
      return commands.length === 0 ? [] : [`${label}:\n\n${block("sh", commands)}`];
    }),
    consoleBlock("Sidekiq", sidekiq?.console),
    consoleBlock("Resque", resque?.console),
  ];
  const parts = all.filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : [`### ${title}`, ...parts].join("\n\n");
}

function consoleBlock(title: string, lines: readonly string[] | undefined): string | undefined {
  return lines === undefined
    ? undefined
    : `${title} console:\n\n${block(
        "ruby",
        lines.map((line) => line.replaceAll("{queue}", "QUEUE")),
      )}`;
}

interface Namespace {
  readonly label: string;
  readonly prefix: string;
  readonly system: "sidekiq" | "resque" | "auto";
}

/** Each target's namespaces; without a config both systems' usual ones. */
function namespaces({ targets }: GeneratorConfig): Namespace[] {
  const named = targets.flatMap((target) =>
    (target.namespaces ?? [target.system === "resque" ? "resque" : ""]).map((namespace) => ({
      label: `Target ${markdownText(target.name)}`,
      prefix: namespace === "" ? "" : `${namespace}:`,
      system: target.system,
    })),
  );
  if (named.length > 0) return named;
  return [
    { label: "Sidekiq", prefix: "", system: "sidekiq" },
    { label: "Resque", prefix: "resque:", system: "resque" },
  ];
}

/** Words of a command line: names from the config go in single quotes. */
function quoted(command: string, prefix: string): string {
  return command
    .split(" ")
    .map((word) => word.replaceAll("{prefix}", prefix).replaceAll("{queue}", "QUEUE"))
    .map((word) => (/^[\w:@%+=,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

/** A fence longer than any run of backticks inside. */
function block(language: string, lines: readonly string[]): string {
  const longest = Math.max(
    2,
    ...(lines
      .join("\n")
      .match(/`+/g)
      ?.map((run) => run.length) ?? []),
  );
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${lines.join("\n")}\n${fence}`;
}

function numbered(items: readonly string[]): string {
  return items.map((item, index) => `${index + 1}. ${item}`).join("\n");
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

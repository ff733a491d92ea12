import {
  classes,
  exercises,
  firstSteps,
  messages,
  reviewTemplate,
  roles,
  scenarios,
} from "../../alerting/incident-response.ts";
import { procedures } from "../../alerting/procedures.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { slug } from "./alert.ts";
import { markdownText, table } from "./markdown.ts";
import { contactsFor } from "./routing.ts";
import { bullets, found, procedure } from "./runbook.ts";

/** The incident response plan with the config's contacts, queues and severities; a team can adopt it as it is. */
export function incidentResponsePlan(config: GeneratorConfig): string {
  return `${[
    "# Incident response plan: background jobs",
    "Made by `queuewatch generate runbooks` from the config; put it beside your other plans, fill in the blanks and say who owns it.",
    "| | |\n| --- | --- |\n| Owner | ____ |\n| In force since | ____ |\n| Next review | ____ (at the latest three months after the last) |",
    `## Roles\n\n${table(
      ["Role", "Does", "Who"],
      roles.map(([role, duty]) => [role, duty, "____"]),
    )}\n\nOne person may hold several roles in a small team, but lead and operator are two people for SEV1.`,
    `## Classes\n\n${table(["Class", "Meaning", "Answered", "Updates"], classes)}\n\nA critical alert begins as SEV2, a warning as SEV3; what concerns security is one class higher.`,
    `## Who is told\n\n${contactTable(config)}`,
    `## What is promised\n\n${queueTable(config)}`,
    `## First steps, always\n\n${firstSteps.map((step, index) => `${index + 1}. ${step}`).join("\n")}`,
    "## Procedures",
    ...scenarios.map(
      ({ title, signs, steps, act, over }) =>
        `### ${title}\n\nSigns: ${signs.map((sign) => `[${sign}](${slug(sign)}.md)`).join(", ")}\n\n${bullets(steps)}\n\nWhat to use: ${act.map((name) => found(procedures, name).title).join(", ")} (below).\n\nIt is over when ${over}.`,
    ),
    "## How to",
    ...Object.values(procedures).map(procedure),
    `## Communication\n\nFacts with times, no guesses about causes, no names of people. Outside only through the communicator.\n\n${messages.map(([title, text]) => `**${title}**\n\n> ${text}`).join("\n\n")}`,
    `## Evidence\n\n${bullets(["The log of the incident with times in UTC.", "Exports of the dashboards over the time of the incident and the day before.", "Configuration as it ran: queuewatch, rules, routing, Redis.", "For security: client lists, ACL log, payload samples, access logs; with checksums, readable for the incident's people only."])}\n\nKeep it for as long as your rules say: ____.`,
    `## Review afterwards\n\nWithin five working days, without blame.\n\n${bullets(reviewTemplate)}`,
    "## Exercises\n\nTwice a year one of these at the table, an hour each: somebody reads the lines at their minutes, the others say what they would do, with this plan only.",
    ...exercises.map(
      ({ title, script, questions }) => `### ${title}\n\n${table(["Minute", "Said"], script)}\n\n${bullets(questions)}`,
    ),
    "## Review of thresholds\n\nMonthly for the first quarter, then every three months: which alerts came, which of them needed somebody, which incident had none.\n\n| Date | By | Changed |\n| --- | --- | --- |\n| ____ | ____ | ____ |",
  ].join("\n\n")}\n`;
}

function contactTable({ alerting }: GeneratorConfig): string {
  const rows = (["operations", "security"] as const).flatMap((team) =>
    (["critical", "warning", "info"] as const).map((severity) => {
      const names = contactsFor(alerting, severity, team);
      const links = names.map((name) => `[${markdownText(name)}](contacts/${encodeURIComponent(name)}.md)`);
      return [team, severity, links.length === 0 ? "____" : links.join(", ")];
    }),
  );
  return table(["Team", "Severity", "Contacts"], rows);
}

function queueTable({ targets }: GeneratorConfig): string {
  const rows = targets.flatMap((target) =>
    Object.entries(target.queues).map(([queue, { latency, size, team }]) => [
      markdownText(target.name),
      markdownText(queue),
      latency?.warning === undefined ? "–" : `${latency.warning} s`,
      latency?.critical === undefined ? "–" : `${latency.critical} s`,
      size?.critical === undefined ? "–" : `${size.critical} jobs`,
      team === undefined ? "____" : markdownText(team),
    ]),
  );
  if (rows.length === 0)
    return "No queue promises anything yet: say under `targets[].queues` of the config what each is for.";
  return table(["Target", "Queue", "Warning", "Critical", "Size", "Owner"], rows);
}

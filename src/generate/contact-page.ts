import { alerts } from "../../alerting/alerts.ts";
import { type AlertingConfig, type ContactConfig, contactKinds } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { slug } from "./alert.ts";
import { markdownText } from "./markdown.ts";
import { contactsFor, mutingFor } from "./routing.ts";
import { bullets } from "./runbook.ts";

/** What a channel is for, what arrives there, and what to do with it. */
export function contactPage(name: string, contact: ContactConfig, { alerting }: GeneratorConfig): string {
  const kind = contactKinds.find((one) => contact[one] !== undefined) ?? "webhook";
  const arriving = alerts.flatMap((alert) =>
    alert.levels
      .filter(({ severity }) => contactsFor(alerting, severity, alert.team).includes(name))
      .map(({ severity }) => ({ alert, severity })),
  );
  const critical =
    arriving.some(({ severity }) => severity === "critical") ||
    Object.values(alerting.routes.teams).some((team) => team.critical?.includes(name));
  const muted = (["critical", "warning", "info"] as const).flatMap((severity) => {
    const muting = mutingFor(alerting, severity, "operations");
    const names = [...muting.muted.map((one) => `during ${one}`), ...muting.active.map((one) => `outside of ${one}`)];
    return names.length === 0 ? [] : [`${severity}: ${markdownText(names.join(", "))}`];
  });
  const arrives = [
    ...arriving.map(({ alert, severity }) => `[${alert.name}](../${slug(alert.name)}.md), ${severity}`),
    ...owned(name, alerting),
  ];
  return `${[
    `# ${markdownText(name)}`,
    `A channel of kind ${kind}. ${markdownText(contact.purpose ?? "What it is for: ____")}`,
    `Read by: ${markdownText(contact.reached_by ?? "____")}`,
    `## What to do\n\n${critical ? "Critical alerts arrive here: acknowledge within 15 minutes, then follow the alert's runbook." : "Nothing critical arrives here: look the same working day."} If you cannot, hand over by name. Do not switch the channel to silent; silence single alerts, with an end.`,
    ...(muted.length === 0 ? [] : [`## Not sent\n\n${bullets(muted)}`]),
    `## What arrives\n\n${arrives.length === 0 ? "Nothing: no route names it." : bullets(arrives)}`,
  ].join("\n\n")}\n`;
}

/** What the routes of teams that own queues send here. */
function owned(name: string, { routes }: AlertingConfig): string[] {
  return Object.entries(routes.teams).flatMap(([owner, bySeverity]) => {
    const severities = Object.entries(bySeverity).flatMap(([severity, to]) => (to?.includes(name) ? [severity] : []));
    return severities.length === 0
      ? []
      : [`Alerts of the queues of ${markdownText(owner)}, for operations: ${severities.join(", ")}`];
  });
}

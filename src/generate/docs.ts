import { alerts } from "../../alerting/alerts.ts";
import { catalogue } from "../catalogue/catalogue.ts";
import type { Metric } from "../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../catalogue/prometheus-name.ts";
import { loadAll } from "../cli/commands.ts";
import { commandHelp, programHelp } from "../cli/help.ts";
import { variables } from "../config/environment.ts";
import { errors } from "../errors.ts";
import { slug } from "./alert.ts";
import { configReference } from "./config-reference.ts";
import type { Generator } from "./generator.ts";
import { configJsonSchema } from "./json-schema.ts";
import { fillSections, table } from "./markdown.ts";

/** The README's generated sections: every table in it comes from what the program itself goes by. */
export async function sections(): Promise<Record<string, string>> {
  const all = await loadAll();
  return {
    metrics: metricTable(catalogue.filter(({ name }) => name.startsWith("jobqueue."))),
    "redis-metrics": metricTable(catalogue.filter(({ name }) => name.startsWith("redis."))),
    "agent-metrics": metricTable(catalogue.filter(({ name }) => name.startsWith("queuewatch."))),
    errors: table(
      ["Code", "What it means", "What to do"],
      Object.entries(errors).map(([code, { summary, action }]) => [`\`${code}\``, summary, action]),
    ),
    cli: [programHelp(all), ...all.map(commandHelp)].map((help) => `\`\`\`text\n${help}\`\`\``).join("\n\n"),
    environment: table(
      ["Variable", "Setting", "Meaning"],
      variables.map(({ name, setting, help }) => [`\`${name}\``, setting, help]),
    ),
    config: configReference(),
    alerts: table(
      ["Alert", "Levels", "For", "What it means"],
      alerts.map(({ name, levels, team, runbook }) => [
        `[${name}](alerting/generated/runbooks/${slug(name)}.md)`,
        levels.map(({ severity }) => severity).join(", "),
        team,
        runbook.meaning,
      ]),
    ),
  };
}

function metricTable(metrics: readonly Metric[]): string {
  return table(
    ["Metric", "In Prometheus", "Kind, unit", "Attributes", "Meaning"],
    metrics.map((metric) => [
      `\`${metric.name}\``,
      `\`${prometheusName(metric)}\``,
      `${metric.kind} \`${metric.unit}\``,
      metric.attributes.map((attribute) => `\`${prometheusLabel(attribute)}\``).join(", ") || "–",
      metric.accuracy === "exact" ? metric.help : `${metric.help} *(${metric.accuracy})*`,
    ]),
  );
}

/** README.md with its tables as they should be, and the config's JSON Schema. */
export const documentation: Generator = {
  title: "documentation",
  files: async (read) => [
    { path: "README.md", text: fillSections(await read("README.md"), await sections()) },
    { path: "deploy/queuewatch.schema.json", text: `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
  ],
};

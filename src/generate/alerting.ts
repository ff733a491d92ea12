import type { GeneratorConfig } from "../config/schema.ts";
import { generatorSchema } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import { slug } from "./alert.ts";
import { alertmanagerText } from "./alertmanager.ts";
import { contactPage } from "./contact-page.ts";
import { datadogFiles } from "./datadog-monitors.ts";
import type { GeneratedFile, Generator } from "./generator.ts";
import { grafanaAlertingFiles, ruleUids } from "./grafana-alerting.ts";
import { incidentResponsePlan } from "./incident-response-plan.ts";
import { newRelicFiles } from "./new-relic-conditions.ts";
import { enabledAlerts, rulesText } from "./prometheus-rules.ts";
import { runbookIndex, runbookPage } from "./runbook.ts";

export const alertingOutputs = ["grafana", "prometheus", "alertmanager", "datadog", "newrelic", "runbooks"] as const;
type AlertingOutput = (typeof alertingOutputs)[number];

interface AlertingOptions {
  readonly outputs?: readonly AlertingOutput[];
  /** Grafana: the whole policy tree instead of settings at each rule. */
  readonly policyTree?: boolean;
  /** Text of the lock file that an earlier run left (`lockFile`): rules that are no more are listed for deletion. */
  readonly lock?: string;
}

/** Remembers which rules were ever made, so that those that are no more can be deleted. */
export const lockFile = "grafana/queuewatch-rules.lock.json";

/** Rules, routing, monitors of vendors, runbooks and the incident response plan, as files below the output's folder. */
export function generateAlerting(config: GeneratorConfig, options: AlertingOptions = {}): GeneratedFile[] {
  const outputs = options.outputs ?? alertingOutputs;
  return outputs.flatMap((output) => makers[output](config, options));
}

type Maker = (config: GeneratorConfig, options: AlertingOptions) => GeneratedFile[];

const makers: Record<AlertingOutput, Maker> = {
  prometheus: ({ alerting }) => [{ path: "prometheus/queuewatch.rules.yaml", text: rulesText(alerting) }],
  grafana: (config, { policyTree = false, lock }) => {
    const earlier = uidsOf(lock);
    const files = grafanaAlertingFiles(config, { policyTree, earlier });
    return [
      ...files.map(({ path, text }) => ({ path: `grafana/${path}`, text })),
      { path: lockFile, text: lockText(ruleUids(config, { policyTree }), earlier) },
    ];
  },
  alertmanager: (config) => [{ path: "alertmanager/alertmanager.yaml", text: alertmanagerText(config) }],
  datadog: (config) => datadogFiles(config).map(({ path, text }) => ({ path: `datadog/${path}`, text })),
  newrelic: (config) => newRelicFiles(config).map(({ path, text }) => ({ path: `newrelic/${path}`, text })),
  runbooks: (config) => {
    const alerts = enabledAlerts(config.alerting);
    const pages = [
      ...alerts.map((alert) => ({ path: `${slug(alert.name)}.md`, text: runbookPage(alert, config) })),
      { path: "README.md", text: runbookIndex(alerts) },
      { path: "incident-response.md", text: incidentResponsePlan(config) },
      ...Object.entries(config.alerting.contacts).map(([name, contact]) => ({
        path: `contacts/${name}.md`,
        text: contactPage(name, contact, config),
      })),
    ];
    return pages.map(({ path, text }) => ({ path: `runbooks/${path}`, text }));
  },
};

/** Also what is gone for long: a file with deletions may be made again before it reaches Grafana. */
function lockText(made: readonly string[], earlier: readonly string[]): string {
  const rules = [...new Set([...made, ...earlier])].toSorted();
  return `${JSON.stringify({ rules }, null, 2)}\n`;
}

/** Ours only, whatever stands in the file: others' rules must not be deleted. */
function uidsOf(lock: string | undefined): string[] {
  if (lock === undefined) return [];
  const parsed = parseLock(lock);
  const rules: unknown = typeof parsed === "object" && parsed !== null && "rules" in parsed ? parsed.rules : undefined;
  return Array.isArray(rules)
    ? rules.filter((uid): uid is string => typeof uid === "string" && uid.startsWith("qw-"))
    : [];
}

function parseLock(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const action = "Restore it, or remove it: rules that are no more then stay in Grafana until you delete them there.";
    throw new QueuewatchError("STATE_UNREADABLE", `${lockFile} is no JSON`, { cause: error, action });
  }
}

/** The committed rules and pages: with the defaults, for no target in particular. */
export const alertingFiles: Generator = {
  title: "alerting",
  folder: "alerting/generated",
  files: async () =>
    generateAlerting(generatorSchema.parse({})).map(({ path, text }) => ({ path: `alerting/generated/${path}`, text })),
};

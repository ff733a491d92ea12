import { stringify } from "yaml";
import { alerts } from "../../alerting/alerts.ts";
import { type AlertingConfig } from "../config/alerting-schema.ts";
import { render } from "../promql/promql.ts";
import { type Alert, categories } from "./alert.ts";
import { type Recording, renderAlert, type RenderedAlert } from "./rendered-alert.ts";

/** A rule file of Prometheus as data. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}
interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Rule[];
}
type Rule =
  | { readonly record: string; readonly expr: string }
  | {
      readonly alert: string;
      readonly expr: string;
      readonly for: string;
      readonly keep_firing_for?: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** The alerts that the config leaves switched on. */
export function enabledAlerts(config: AlertingConfig): Alert[] {
  return alerts.filter(({ name }) => !config.disable.includes(name));
}

/** Recording rules of the baselines, then one group of alerts a family. */
export function ruleFile(chosen: readonly Alert[], config: AlertingConfig): RuleFile {
  const rendered = chosen.map((alert) => renderAlert(alert, config, "prometheus"));
  const baselines = [...new Set(rendered.flatMap((alert) => alert.baselines))];
  const families = categories.map((category) => ({
    name: `queuewatch-${category}`,
    interval: "30s",
    rules: rendered.filter(({ alert }) => alert.category === category).flatMap(alertRules),
  }));
  const recording = { name: "queuewatch-baselines", interval: "1m", rules: baselines.map(recordingRule) };
  return { groups: [recording, ...families].filter(({ rules }) => rules.length > 0) };
}

/** The rule file's text, for Prometheus from 2.42 on. */
export function rulesText(config: AlertingConfig): string {
  const head = "# Made by `queuewatch generate prometheus`. Put it into rule_files; needs Prometheus 2.42 or newer.\n";
  return head + stringify(ruleFile(enabledAlerts(config), config), { lineWidth: 0, aliasDuplicateObjects: false });
}

function recordingRule(baseline: Recording): Rule {
  return { record: baseline.record, expr: render(baseline.inline) };
}

function alertRules({ alert, levels, standing }: RenderedAlert): Rule[] {
  return [...levels, ...(standing === undefined ? [] : [standing])].map((level) => ({
    alert: alert.name,
    expr: level.expr,
    for: level.for,
    ...(level.keepFiring === undefined ? {} : { keep_firing_for: level.keepFiring }),
    labels: level.labels,
    annotations: level.annotations,
  }));
}

import type { AlertingConfig } from "../config/alerting-schema.ts";
import { prometheusLabel } from "../catalogue/prometheus-name.ts";
import { type Expr, type Query, render, secondsOf } from "../promql/promql.ts";
import { type Alert, type Given, type Severity, slug, type Text, type Unit } from "./alert.ts";
import type { Baseline } from "./baseline.ts";
import { panelId } from "./dashboard/frame.ts";
import { dashboardUid } from "./dashboard/link.ts";
import { globPattern } from "./routing.ts";

/** In which program a rule runs: it decides whether baselines are recorded, and how texts name values. */
export type Form = "prometheus" | "grafana";

/** What a recording rule is made of. */
export type Recording = Pick<Baseline, "record" | "meaning"> & { readonly inline: Query };

/** One level of an alert, ready for any output. */
export interface RenderedLevel {
  readonly uid: string;
  readonly severity: Severity;
  readonly for: string;
  readonly keepFiring: string | undefined;
  readonly expr: string;
  readonly query: Query;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RenderedAlert {
  readonly alert: Alert;
  readonly levels: readonly RenderedLevel[];
  /** The warning once more, as critical, where the config says how long one may stand. */
  readonly standing: RenderedLevel | undefined;
  /** Baselines that the recorded form reads. */
  readonly baselines: readonly Recording[];
}

/** An alert with the config's thresholds, in the form of one program. */
export function renderAlert(alert: Alert, config: AlertingConfig, form: Form): RenderedAlert {
  const used = new Set<Recording>();
  const given = givenFor(alert, config, form, used);
  const text = texts(form);
  const annotations = {
    summary: alert.summary(text),
    description: alert.description(text),
    dashboard_url: dashboardUrl(alert, config, text),
    runbook_url: runbookUrl(alert, config),
  };
  const levels = alert.levels.map((level): RenderedLevel => {
    const query = level.expr(given);
    return {
      uid: ruleUid(alert, level.severity),
      severity: level.severity,
      for: level.for,
      keepFiring: level.keepFiring,
      expr: render(query),
      query,
      labels: { app: "queuewatch", severity: level.severity, category: alert.category, team: alert.team },
      annotations,
    };
  });
  return { alert, levels, standing: standingLevel(alert, levels, config), baselines: [...used] };
}

/**
 * A warning that has fired for `alerting.escalate_after` without a break. It is the alert's own name that escalates, so that
 * its silences, runbook and inhibitions hold; `escalated` tells it from the critical level.
 */
function standingLevel(
  alert: Alert,
  levels: readonly RenderedLevel[],
  { escalate_after: after }: AlertingConfig,
): RenderedLevel | undefined {
  const warning = levels.find(({ severity }) => severity === "warning");
  if (after === undefined || warning === undefined) return undefined;
  return {
    ...warning,
    uid: `qw-${slug(alert.name)}-standing`,
    severity: "critical",
    for: `${Math.round((secondsOf(warning.for) + after) / 60)}m`,
    labels: { ...warning.labels, severity: "critical", escalated: "yes" },
    annotations: {
      ...warning.annotations,
      summary: `A warning stands unattended: ${warning.annotations["summary"] ?? ""}`,
    },
  };
}

/** At most 40 characters, the same in every installation and for ever. */
export function ruleUid(alert: Alert, severity: Severity): string {
  return `qw-${slug(alert.name)}-${severity}`;
}

function givenFor(alert: Alert, config: AlertingConfig, form: Form, used: Set<Recording>): Given {
  const own = config.thresholds[alert.name] ?? {};
  return {
    usual: <L extends string>(baseline: Baseline<L>): Expr<L> => {
      used.add(baseline);
      return form === "prometheus" ? baseline.recorded : baseline.inline;
    },
    limit: (name) => {
      const value = own[name] ?? alert.thresholds[name]?.value;
      if (value === undefined) throw new Error(`${alert.name} has no threshold ${name}`);
      return value;
    },
    classes: (threshold) => classThresholds(config, threshold),
  };
}

function classThresholds(config: AlertingConfig, level: string): { pattern: string; value: number }[] {
  return Object.entries(config.classes).flatMap(([source, { failure_ratio }]) => {
    const value = level === "critical" ? failure_ratio.critical : failure_ratio.warning;
    return [{ pattern: globPattern(source), value: value ?? 1 }];
  });
}

const humanized: Record<Unit, string> = {
  duration: "humanizeDuration",
  ratio: "humanizePercentage",
  bytes: "humanize1024",
  count: 'printf "%.0f"',
  "per second": 'printf "%.2f"',
  none: "humanize",
};

function texts(form: Form): Text<string> {
  const value = form === "prometheus" ? "$value" : "$values.A.Value";
  return {
    label: (name) => `{{ $labels.${prometheusLabel(name)} }}`,
    value: (unit) => `{{ ${humanized[unit]} ${value} }}`,
  };
}

function dashboardUrl({ panel, labels }: Alert, config: AlertingConfig, text: Text<string>): string {
  const filled = labels
    .filter((label) => dashboardVariables[label] !== undefined)
    .map((label) => `&var-${dashboardVariables[label] ?? ""}=${text.label(label).replace(" }}", " | urlquery }}")}`);
  const base = (config.dashboards_url ?? "").replace(/\/$/, "");
  return `${base}/d/${dashboardUid(panel.dashboard)}?viewPanel=${panelId(panel.panel)}${filled.join("")}`;
}

const dashboardVariables: Readonly<Record<string, string>> = {
  environment: "environment",
  target: "target",
  system: "system",
  queue: "queue",
  "job.class": "class",
};

function runbookUrl(alert: Alert, config: AlertingConfig): string {
  return `${(config.runbooks_url ?? "runbooks").replace(/\/$/, "")}/${slug(alert.name)}.md`;
}

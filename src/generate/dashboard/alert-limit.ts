import type { AlertingConfig } from "../../config/alerting-schema.ts";
import type { Alert } from "../alert.ts";
import type { Dashboard, Panel, Threshold } from "./model.ts";

/** A threshold of an alert, as dashboards colour by it: the number stands with the alert alone. */
export interface AlertLimit {
  readonly alert: string;
  readonly threshold: string;
  /** Without a config. */
  readonly value: number;
}

/** A threshold of an alert; throws when it has none of that name, which is a mistake in the program. */
export function limitOf({ name, thresholds }: Alert, threshold: string): AlertLimit {
  const found = thresholds[threshold];
  if (!found) throw new RangeError(`${name} has no threshold ${threshold}`);
  return { alert: name, threshold, value: found.value };
}

/** Where an alert warns and where it is critical, for `worseAbove` and `flaggedAbove`. */
export function limitsOf(alert: Alert): readonly [warning: AlertLimit, critical: AlertLimit] {
  return [limitOf(alert, "warning"), limitOf(alert, "critical")];
}

/** The dashboard with the thresholds that the config states for alerts (`alerting.thresholds`). */
export function withLimits(dashboard: Dashboard, config: AlertingConfig["thresholds"]): Dashboard {
  const asConfigured = (threshold: Threshold): Threshold => {
    const { setBy } = threshold;
    const own = setBy === undefined ? undefined : config[setBy.alert]?.[setBy.threshold];
    return own === undefined ? threshold : { ...threshold, from: own };
  };
  const settled = <P extends { readonly thresholds?: readonly Threshold[] }>(of: P): P =>
    of.thresholds === undefined ? of : { ...of, thresholds: of.thresholds.map(asConfigured) };
  const panel = (one: Panel): Panel => {
    if (one.kind === "table") return { ...one, columns: one.columns.map(settled) };
    return one.kind === "heatmap" || one.kind === "alerts" ? one : settled(one);
  };
  return { ...dashboard, rows: dashboard.rows.map((row) => ({ ...row, panels: row.panels.map(panel) })) };
}

import { alerts } from "../../alerting/alerts.ts";
import { type AlertingCheck, type LoadOptions, loadGeneratorConfig } from "../config/load.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { didYouMean } from "../config/suggest.ts";

/** The generator's config, in which no alert and no threshold is named that there is not. Throws CONFIG_*. */
export function loadCheckedConfig(options: LoadOptions): Promise<GeneratorConfig> {
  return loadGeneratorConfig({ ...options, check: checkAlertNames });
}

const thresholdsOf = new Map(alerts.map(({ name, thresholds }) => [name, Object.keys(thresholds)]));

/** A mistyped name would leave an alert as it was, and nobody would know. */
export const checkAlertNames: AlertingCheck = ({ disable, thresholds }, context) => {
  const complain = (message: string | undefined, ...path: readonly (string | number)[]): void => {
    if (message !== undefined) context.addIssue({ code: "custom", path: ["alerting", ...path], message });
  };
  disable.forEach((name, index) => complain(unknownAlert(name), "disable", index));
  for (const [alert, values] of Object.entries(thresholds)) {
    complain(unknownAlert(alert), "thresholds", alert);
    for (const name of Object.keys(values)) complain(unknownThreshold(alert, name), "thresholds", alert, name);
  }
};

function unknownAlert(name: string): string | undefined {
  if (thresholdsOf.has(name)) return undefined;
  return `there is no alert \`${name}\`${didYouMean(name, [...thresholdsOf.keys()])}`;
}

/** Undefined where the alert itself is unknown: that is said already. */
function unknownThreshold(alert: string, name: string): string | undefined {
  const known = thresholdsOf.get(alert);
  if (known === undefined || known.includes(name)) return undefined;
  const all = known.length === 0 ? " (it has none)" : ` (it has ${known.join(", ")})`;
  return `\`${alert}\` has no threshold \`${name}\`${didYouMean(name, known) || all}`;
}

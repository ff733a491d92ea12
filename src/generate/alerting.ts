import type { GeneratorConfig } from "../config/schema.ts";
import { rulesText } from "./prometheus-rules.ts";
import type { GeneratedFile } from "./generator.ts";

export const alertingOutputs = ["grafana", "prometheus", "alertmanager", "runbooks"] as const;
export type AlertingOutput = (typeof alertingOutputs)[number];

export interface AlertingOptions {
  readonly outputs?: readonly AlertingOutput[];
  /** Grafana: the whole policy tree instead of settings at each rule. */
  readonly policyTree?: boolean;
}

/** Rules, routing, runbooks and the incident response plan, as files below the output's folder. */
export function generateAlerting(config: GeneratorConfig, options: AlertingOptions = {}): GeneratedFile[] {
  const outputs = options.outputs ?? alertingOutputs;
  return outputs.flatMap((output) => makers[output](config, options));
}

type Maker = (config: GeneratorConfig, options: AlertingOptions) => GeneratedFile[];

const makers: Record<AlertingOutput, Maker> = {
  prometheus: ({ alerting }) => [{ path: "prometheus/queuewatch.rules.yaml", text: rulesText(alerting) }],
  grafana: () => [],
  alertmanager: () => [],
  runbooks: () => [],
};

import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { classProcessed, classRunning, queueSize, workerSlots } from "../../catalogue/jobqueue.ts";
import type { Metric } from "../../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../catalogue/prometheus-name.ts";
import { targetUp } from "../../catalogue/queuewatch.ts";
import type { VariableName } from "./model.ts";
import { datasource } from "./target.ts";

interface VariableDefinition {
  readonly label: string;
  readonly description: string;
  /** Where the values are found: these metrics' label. */
  readonly metrics: readonly Metric[];
  readonly attribute: string;
  /** The variables that narrow it. */
  readonly within: readonly VariableName[];
  /** What stands for all: `.*` where the label may be missing. */
  readonly all: ".*" | ".+";
}

const targetScope = ["environment", "target", "system"] as const;

const definitions: Readonly<Record<VariableName, VariableDefinition>> = {
  environment: {
    label: "Environment",
    description: "As named in the agents' configs; empty where none is.",
    metrics: [targetUp],
    attribute: "environment",
    within: [],
    all: ".*",
  },
  target: {
    label: "Target",
    description: "A Redis that is watched.",
    metrics: [targetUp],
    attribute: "target",
    within: ["environment"],
    all: ".+",
  },
  system: {
    label: "System",
    description: "Sidekiq, Resque, …",
    metrics: [targetUp],
    attribute: "system",
    within: ["environment", "target"],
    all: ".+",
  },
  queue: {
    label: "Queue",
    description: "Queues of the targets.",
    metrics: [queueSize],
    attribute: "queue",
    within: targetScope,
    all: ".+",
  },
  class: {
    label: "Job class",
    description: "Classes that ran, or that are running.",
    metrics: [classProcessed, classRunning],
    attribute: "job.class",
    within: targetScope,
    all: ".+",
  },
  host: {
    label: "Host",
    description: "Machines with workers.",
    metrics: [workerSlots],
    attribute: "host.name",
    within: targetScope,
    all: ".+",
  },
};

const datasourceName = "datasource";

/** The choice of the data source; the linter of Grafana wants it to have this name and label. */
export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder(datasourceName)
    .label("Data source")
    .type("prometheus")
    .current({ text: "default", value: "default" });
}

/** A choice of one, several or all values of a label, read again when the time range changes. */
export function queryVariable(name: VariableName): QueryVariableBuilder {
  const { label, description, all } = definitions[name];
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query({ query: labelValues(name), refId: "variable" })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

/** The query of a variable: `label_values(metric{…}, label)`. */
function labelValues(name: VariableName): string {
  const { metrics, attribute, within } = definitions[name];
  const narrowed = within.map((other) => `${definitions[other].attribute}=~"$${other}"`);
  const names = metrics.map(prometheusName);
  const [only, ...others] = names;
  const matchers = others.length > 0 ? [`__name__=~"${names.join("|")}"`, ...narrowed] : narrowed;
  const metric = others.length > 0 ? "" : only;
  const selector = matchers.length > 0 ? `${metric}{${matchers.join(", ")}}` : metric;
  return `label_values(${selector}, ${prometheusLabel(attribute)})`;
}

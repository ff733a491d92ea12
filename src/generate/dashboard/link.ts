import type { DashboardName, Link, VariableName } from "./model.ts";

/** The uid of a dashboard: the same in every installation, so that links and alerts find it. */
export function dashboardUid(name: DashboardName): string {
  return `queuewatch-${name}`;
}

/** Variables that go along when a link does not fill them in itself. */
const carried: readonly VariableName[] = ["environment", "target", "system"];

/** Where the labels of what was clicked are found: on the series of a graph, or in the columns of a table. */
export type Labels = "series" | "row";

/** The address of a data link: time, data source and variables stay, what was clicked is filled in. */
export function linkUrl(link: Link, labels: Labels): string {
  const filled = Object.entries(link.fill).map(
    ([name, label]) => `var-${name}=\${${valueOf(label, labels)}:percentencode}`,
  );
  const kept = carried.filter((name) => link.fill[name] === undefined).map((name) => `\${${name}:queryparam}`);
  const query = ["${__url_time_range}", "${datasource:queryparam}", ...kept, ...filled].join("&");
  return `/d/${dashboardUid(link.to)}?${query}`;
}

function valueOf(label: string, labels: Labels): string {
  return labels === "series" ? `__field.labels.${label}` : `__data.fields["${label}"]`;
}

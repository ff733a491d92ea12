import assert from "node:assert/strict";
import { dashboardFiles, filledIn } from "../../support/grafana-file.ts";
import type { Series, StackPrometheus } from "./stack-prometheus.ts";

const agent = dashboardFiles(1).get("agent") ?? assert.fail("no dashboard of the agent");
const range = 600;

/** What a panel of the Agent dashboard shows of the last ten minutes, second by second: the series of all its queries. */
export async function shownBy(prometheus: StackPrometheus, title: string): Promise<readonly Series[]> {
  const panel = agent.panels.find((one) => one.title === title) ?? assert.fail(`no panel ${title}`);
  const queries = (panel.targets ?? []).map(({ expr }) => filledIn(expr, agent, { range, step: 1, interval: 1 }));
  return (await Promise.all(queries.map((query) => prometheus.query(`(${query})[${range}s:1s]`)))).flat();
}

/** The highest value that a panel shows, of the series with these labels; undefined where it shows none. */
export async function highest(
  prometheus: StackPrometheus,
  title: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const shown = await shownBy(prometheus, title);
  const own = shown.filter(({ metric }) => Object.entries(labels).every(([name, value]) => metric[name] === value));
  const values = own.flatMap((series) => series.values.map(([, value]) => Number(value)));
  return values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value));
}

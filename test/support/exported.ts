import type { RunningAgent } from "./agent.ts";
import { parseExposition, type Sample } from "./exposition.ts";

/** What /metrics says now. */
export async function scrape(agent: RunningAgent, headers?: Record<string, string>): Promise<Sample[]> {
  const { status, text } = await agent.get("/metrics", headers);
  if (status !== 200) throw new Error(`/metrics: ${status}`);
  return parseExposition(text, "prometheus");
}

/** The sum of a metric's samples that have these labels; undefined where there is none. */
export function total(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) {
  const own = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return own.length === 0 ? undefined : own.reduce((sum, { value }) => sum + value, 0);
}

import * as jobqueue from "./jobqueue.ts";
import type { Metric } from "./metric.ts";
import * as queuewatch from "./queuewatch.ts";
import * as redis from "./redis.ts";

/** Every metric that the agent can export, in the order of its files. */
export const catalogue: readonly Metric[] = [jobqueue, redis, queuewatch].flatMap((file) =>
  Object.values(file).filter(isMetric),
);

function isMetric(value: unknown): value is Metric {
  return typeof value === "object" && value !== null && "kind" in value;
}

import { classDuration, jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import type { HistogramValue } from "../../src/catalogue/metric.ts";
import { redisUptime } from "../../src/catalogue/redis.ts";
import type { Collection, Family, PointAttributes } from "../../src/collect/family.ts";
import { Log } from "../../src/self/log.ts";

/** A target's common attributes. */
export const common: PointAttributes = { system: "sidekiq", target: "shop" };

/** Queue sizes `queue-0`, `queue-1`, … of the target. */
export function sizes(values: readonly number[], ended: readonly string[] = []): Family {
  return {
    metric: queueSize,
    points: values.map((value, index) => ({ attributes: named(`queue-${index}`), value, startMs: undefined })),
    ended: ended.map(named),
  };
}

/** A total that Redis keeps, whose beginning is unknown. */
export function total(value: number): Family {
  return { metric: redisUptime, points: [{ attributes: common, value, startMs: undefined }], ended: [] };
}

/** A count of our own. */
export function count(value: number, startMs: number): Family {
  return { metric: jobProcessed, points: [{ attributes: common, value, startMs }], ended: [] };
}

/** Durations of one class, the first bucket and the last filled. */
export function durations(fast: number, slow: number, startMs: number): Family {
  const inner = classDuration.bounds.slice(1).map(() => 0);
  const value: HistogramValue = { counts: [fast, ...inner, slow], sum: fast * 0.01 + slow * 500 };
  const attributes = { ...common, "job.class": "Mailer" };
  return { metric: classDuration, points: [{ attributes, value, startMs }], ended: [] };
}

export function collection(timeMs: number, ...families: Family[]): Collection {
  return { target: "shop", timeMs, families };
}

/** A log that keeps its lines. */
export function keptLog(now: () => number = Date.now): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: new Log({ level: "debug", format: "logfmt", write: (line) => lines.push(line), now }), lines };
}

const attributesOf = new Map<string, PointAttributes>();

/** The same object for the same queue, as in the agent. */
function named(queue: string): PointAttributes {
  let attributes = attributesOf.get(queue);
  if (!attributes) attributesOf.set(queue, (attributes = Object.freeze({ ...common, queue })));
  return attributes;
}

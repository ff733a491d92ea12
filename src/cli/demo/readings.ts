import * as jobqueue from "../../catalogue/jobqueue.ts";
import type { Metric } from "../../catalogue/metric.ts";
import { processMemoryUsage, targetUp } from "../../catalogue/queuewatch.ts";
import type { Collection, Point } from "../../collect/family.ts";

/** What the live table says of one queue; undefined: the agent does not say. */
export interface QueueReading {
  readonly target: string;
  readonly queue: string;
  readonly size: number;
  readonly latency: number | undefined;
  readonly warning: number | undefined;
  readonly critical: number | undefined;
  readonly running: number;
  readonly workers: number;
}

/** The numbers of one moment, out of the very collections that the agent exports. */
export interface Readings {
  readonly timeMs: number;
  readonly up: boolean;
  readonly queues: readonly QueueReading[];
  readonly sets: ReadonlyMap<string, number>;
  readonly workers: ReadonlyMap<string, number>;
  readonly slots: number;
  readonly busy: number;
  readonly processed: number | undefined;
  readonly failed: number | undefined;
  /** Bytes of the agent itself. */
  readonly agentMemory: number | undefined;
}

/** Undefined before the agent has read a target. */
export function readingsOf(collections: readonly Collection[]): Readings | undefined {
  const targets = collections.filter(({ target }) => target !== undefined);
  if (targets.length === 0) return undefined;
  const find = finder(collections);
  return {
    timeMs: Math.max(...targets.map(({ timeMs }) => timeMs)),
    up: find(targetUp).every(({ value }) => value === 1),
    queues: queuesOf(find),
    sets: sumBy(find(jobqueue.setSize), "set"),
    workers: sumBy(find(jobqueue.workerCount), "state"),
    slots: sumOf(find(jobqueue.workerSlots)) ?? 0,
    busy: sumOf(find(jobqueue.workerBusy)) ?? 0,
    processed: sumOf(find(jobqueue.jobProcessed)),
    failed: sumOf(find(jobqueue.jobFailed)),
    agentMemory: sumOf(find(processMemoryUsage)),
  };
}

interface Value {
  readonly attributes: Point["attributes"];
  readonly value: number;
}

type Find = (metric: Metric) => readonly Value[];

function finder(collections: readonly Collection[]): Find {
  const families = Map.groupBy(
    collections.flatMap((collection) => collection.families),
    ({ metric }) => metric.name,
  );
  return ({ name }) =>
    (families.get(name) ?? []).flatMap(({ points }) =>
      points.flatMap(({ attributes, value }) => (typeof value === "number" ? [{ attributes, value }] : [])),
    );
}

function queuesOf(find: Find): QueueReading[] {
  const latency = indexed(find(jobqueue.queueLatency));
  const limits = find(jobqueue.queueLatencyLimit);
  const warning = indexed(limits.filter(({ attributes }) => attributes["severity"] === "warning"));
  const critical = indexed(limits.filter(({ attributes }) => attributes["severity"] === "critical"));
  const [running, workers] = [indexed(find(jobqueue.queueRunning)), indexed(find(jobqueue.queueWorkers))];
  return find(jobqueue.queueSize).map(({ attributes, value }) => {
    const key = queueKey(attributes);
    return {
      target: attributes["target"] ?? "",
      queue: attributes["queue"] ?? "",
      size: value,
      latency: latency.get(key),
      warning: warning.get(key),
      critical: critical.get(key),
      running: running.get(key) ?? 0,
      workers: workers.get(key) ?? 0,
    };
  });
}

function queueKey({ system, target, queue }: Point["attributes"]): string {
  return [system, target, queue].join("\0");
}

function indexed(values: readonly Value[]): ReadonlyMap<string, number> {
  return new Map(values.map(({ attributes, value }) => [queueKey(attributes), value]));
}

function sumBy(values: readonly Value[], attribute: string): ReadonlyMap<string, number> {
  const groups = Map.groupBy(values, ({ attributes }) => attributes[attribute] ?? "");
  return new Map([...groups].map(([name, ones]) => [name, sumOf(ones) ?? 0]));
}

function sumOf(values: readonly Value[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, { value }) => sum + value, 0);
}

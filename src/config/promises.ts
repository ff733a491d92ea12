import { compileGlob, type Glob } from "./glob.ts";
import type { TargetConfig } from "./schema.ts";

/** Limits of one quantity: from where on it is a warning, and critical. */
interface Limits {
  readonly warning?: number | undefined;
  readonly critical?: number | undefined;
}

/** What a queue promises: latency in seconds, size in jobs; empty where nothing is promised. */
export interface QueuePromise {
  readonly latency: Limits;
  readonly size: Limits;
  readonly team: string | undefined;
}

type PromisesConfig = Pick<TargetConfig, "queues">;

const compiled = new WeakMap<
  PromisesConfig["queues"],
  readonly (readonly [Glob, PromisesConfig["queues"][string]])[]
>();

/**
 * What the queue promises: the first entry of the config whose name or pattern matches; a latency that no entry gives is
 * taken from the queue's name, if that states one.
 */
export function queuePromise(target: PromisesConfig, queue: string): QueuePromise {
  const entry = entriesOf(target).find(([glob]) => glob.matches(queue))?.[1];
  const stated = entry?.latency === undefined ? statedLatency(queue) : undefined;
  return {
    latency: entry?.latency ?? (stated === undefined ? {} : { critical: stated }),
    size: entry?.size ?? {},
    team: entry?.team,
  };
}

/** Names of the queues that the config gives without a pattern. */
export function namedQueues(target: PromisesConfig): string[] {
  return entriesOf(target).flatMap(([glob]) => (glob.literal === undefined ? [] : [glob.literal]));
}

function entriesOf({ queues }: PromisesConfig): readonly (readonly [Glob, PromisesConfig["queues"][string]])[] {
  let entries = compiled.get(queues);
  if (!entries) {
    entries = Object.entries(queues).map(([source, promise]) => [compileGlob(source), promise] as const);
    compiled.set(queues, entries);
  }
  return entries;
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const stated =
  /(?:^|[^a-z0-9])(?:within|latency|slo)[_.:-]?(\d{1,6})[_.:-]?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?:$|[^a-z0-9])/i;

/**
 * The latency, in seconds, that a queue's name states: `within_5_minutes`, `mailers_within_30s`, `latency-1h`, `slo_10_min`.
 * A number and unit alone (`report_7d`) state nothing: they name a span of data as often as a promise.
 */
export function statedLatency(queue: string): number | undefined {
  const [, number, unit] = stated.exec(queue.slice(0, maxNameRead)) ?? [];
  const seconds = Number(number) * (unitSeconds[unit?.charAt(0).toLowerCase() ?? ""] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

const maxNameRead = 200;

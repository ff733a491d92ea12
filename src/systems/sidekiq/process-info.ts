import { isObject, naturalOf, parseObject } from "../json.ts";

/** Threads of a process that serve the same queues. */
export interface Capsule {
  readonly concurrency: number;
  readonly queues: readonly string[];
}

/** What never changes during a process's life: `info` of its hash (sidekiq lib/sidekiq/launcher.rb), and its identity. */
export interface ProcessInfo {
  readonly host: string;
  readonly pid: number | undefined;
  /** From 7.0.2 on. */
  readonly version: string | undefined;
  readonly concurrency: number | undefined;
  readonly queues: readonly string[];
  /** From 8.0.9 on, with the threads of each. */
  readonly capsules: readonly Capsule[] | undefined;
  /** From 7.0.2 on: the queues of each capsule. */
  readonly weights: readonly (readonly string[])[] | undefined;
}

/** More queues of one process than this are not looked at. */
const maxQueues = 1_000;

/** `<hostname>:<pid>:<12 hex digits>` and the text of `info`, of which any part may be missing. */
export function readInfo(identity: string, text: string | undefined): ProcessInfo {
  const info = (text === undefined ? undefined : parseObject(text)) ?? {};
  const [, host, pid] = /^(.*):(\d+):[^:]*$/s.exec(identity) ?? [];
  const weights: unknown = info["weights"];
  return {
    host: textOf(info["hostname"]) ?? host ?? identity,
    pid: naturalOf(info["pid"]) ?? naturalOf(pid),
    version: textOf(info["version"]),
    concurrency: naturalOf(info["concurrency"]),
    queues: texts(info["queues"]),
    capsules: isObject(info["capsules"]) ? Object.values(info["capsules"]).flatMap(capsuleOf) : undefined,
    weights: Array.isArray(weights) ? weights.filter(isObject).map((one) => texts(Object.keys(one))) : undefined,
  };
}

function capsuleOf(value: unknown): Capsule[] {
  if (!isObject(value)) return [];
  const weights: unknown = value["weights"];
  const queues = isObject(weights) ? texts(Object.keys(weights)) : [];
  return [{ concurrency: naturalOf(value["concurrency"]) ?? 0, queues }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Each once: a queue that stands twice in the list is only drawn more often. */
function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return [...new Set(value.slice(0, maxQueues).filter((one) => typeof one === "string"))];
}

/**
 * Threads by what they serve. Where only the sum over several capsules is known (7.0.2 to 8.0.8), each capsule may have
 * all threads but one for each of the others.
 */
export function capsulesOf(info: ProcessInfo, concurrency: number): readonly Capsule[] {
  if (info.capsules !== undefined && info.capsules.length > 0) return info.capsules;
  const served = info.weights?.filter((queues) => queues.length > 0) ?? [];
  if (served.length === 0) return [{ concurrency, queues: info.queues }];
  return served.map((queues) => ({ concurrency: Math.max(1, concurrency - served.length + 1), queues }));
}

/** Seconds between heartbeats: 5 up to 6.5, 10 from 7.0 on (whose first releases do not say their version). */
export function periodOf({ version }: ProcessInfo): number {
  return version === undefined || /^[0-6]\./.test(version) ? 5 : 10;
}

import { momentMs } from "../time-text.ts";

/** What is taken from a job's payload; its arguments are not kept. */
export interface Job {
  readonly jobClass: string;
  /** When it was enqueued, in ms, where the payload tells. */
  readonly enqueuedAtMs: number | undefined;
}

/** Why a payload is no job. */
export type PayloadFault = "malformed" | "no_class";

/** Fields in which clients and plugins put the time of enqueuing, the job's own first. */
const timeFields = ["enqueued_at", "queued_at", "queue_time", "qtime", "timestamp", "created_at"] as const;

/**
 * Reads a payload as Resque (`{class, args}`), node-resque (`{class, queue, args}`) and ActiveJob write it; the class is
 * the application's own one.
 */
export function readJob(text: string): Job | PayloadFault {
  const payload = parseObject(text);
  return payload === undefined ? "malformed" : jobOf(payload);
}

/** The same of a payload that is parsed already. */
export function jobOf(payload: unknown): Job | PayloadFault {
  if (!isObject(payload)) return "malformed";
  const active = activeJob(payload);
  const jobClass = active?.["job_class"] ?? payload["class"];
  if (typeof jobClass !== "string" || jobClass === "") return "no_class";
  return { jobClass, enqueuedAtMs: firstTime(active) ?? firstTime(payload) };
}

/** The class of a job, or of what is none. */
export function classOf(payload: unknown): string {
  const job = jobOf(payload);
  return typeof job === "string" ? "unknown" : job.jobClass;
}

function activeJob(payload: Record<string, unknown>): Record<string, unknown> | undefined {
  const args: unknown = payload["args"];
  const first: unknown = Array.isArray(args) ? args[0] : undefined;
  return isObject(first) && typeof first["job_class"] === "string" && "job_id" in first ? first : undefined;
}

function firstTime(fields: Record<string, unknown> | undefined): number | undefined {
  if (!fields) return undefined;
  for (const name of timeFields) {
    const ms = momentMs(fields[name]);
    if (ms !== undefined) return ms;
  }
  return undefined;
}

/** The object that a JSON text is; undefined when it is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

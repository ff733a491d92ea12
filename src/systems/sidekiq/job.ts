import type { InvalidPayloads } from "../system.ts";
import { isObject, parseObject } from "../json.ts";
import { momentMs } from "../time-text.ts";

/** What is taken from a job; its arguments are not kept. Sources: sidekiq lib/sidekiq/{client,job_retry}.rb. */
export interface Job {
  /** The application's own class: `wrapped` for ActiveJob. */
  readonly jobClass: string;
  readonly jid: string | undefined;
  readonly queue: string | undefined;
  /** `enqueued_at`, else `created_at`; undefined where neither can be read. */
  readonly enqueuedAtMs: number | undefined;
  /** When it last failed, in ms. */
  readonly failedAtMs: number | undefined;
  readonly errorType: string | undefined;
  /** 0 after the first failure. */
  readonly retryCount: number;
}

export type PayloadFault = InvalidPayloads["errorType"];

/** A job is not older than Sidekiq itself (2012), nor enqueued more than a day from now. */
const oldestMs = Date.UTC(2012, 0);
const farAheadMs = 86_400_000;

export function readJob(text: string): Job | PayloadFault {
  const fields = parseObject(text);
  return fields === undefined ? "malformed" : jobOf(fields);
}

/** The same of a payload that is parsed already. */
export function jobOf(fields: unknown): Job | PayloadFault {
  if (!isObject(fields)) return "malformed";
  const jobClass = textOf(fields["wrapped"]) ?? textOf(fields["class"]);
  if (jobClass === undefined) return "no_class";
  const retryCount = fields["retry_count"];
  return {
    jobClass,
    jid: textOf(fields["jid"]),
    queue: textOf(fields["queue"]),
    enqueuedAtMs: momentMs(fields["enqueued_at"]) ?? momentMs(fields["created_at"]),
    failedAtMs: momentMs(fields["retried_at"]) ?? momentMs(fields["failed_at"]),
    errorType: textOf(fields["error_class"]),
    retryCount: typeof retryCount === "number" ? retryCount : 0,
  };
}

/** What is wrong with a waiting job, if anything: it must say when it was enqueued, within reason. */
export function faultOf(job: Job | PayloadFault, nowMs: number): PayloadFault | undefined {
  if (typeof job === "string") return job;
  const ms = job.enqueuedAtMs;
  return ms === undefined || ms < oldestMs || ms > nowMs + farAheadMs ? "absurd_time" : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

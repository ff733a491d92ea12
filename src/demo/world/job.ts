import type { JobClass } from "./plan.ts";
import type { Random } from "./random.ts";

/** One job, from when it is made until it has succeeded or is dead. */
export interface Job {
  readonly kind: JobClass;
  readonly jid: string;
  readonly args: readonly unknown[];
  readonly createdMs: number;
  /** Undefined while it waits to be due for the first time. */
  enqueuedMs: number | undefined;
  failure: Failure | undefined;
  /** What was pushed instead of a job: text that is no JSON. */
  readonly malformed: string | undefined;
}

/** What Sidekiq notes of a job that failed. */
export interface Failure {
  readonly error: readonly [type: string, message: string];
  readonly firstMs: number;
  readonly lastMs: number | undefined;
  /** 0 after the first failure. */
  readonly count: number;
}

export function createJob(kind: JobClass, random: Random, nowMs: number): Job {
  const [jid, id] = [random.digits(24, 16), random.below(9_000_000)];
  const args = kind.active ? [activeJob(kind, random, nowMs)] : [id];
  return { kind, jid, args, createdMs: nowMs, enqueuedMs: undefined, failure: undefined, malformed: undefined };
}

/** What a broken client pushes: JSON that ends in the middle. */
export function createMalformed(kind: JobClass, random: Random, nowMs: number): Job {
  const job = createJob(kind, random, nowMs);
  return { ...job, malformed: payloadOf(job).slice(0, -random.below(40) - 2) };
}

/** A job as Sidekiq 8 writes it (lib/sidekiq/client.rb, job_util.rb, job_retry.rb, 8.1.7): times in whole milliseconds. */
export function payloadOf({ kind, jid, args, createdMs, enqueuedMs, failure, malformed }: Job): string {
  if (malformed !== undefined) return malformed;
  const [type, message] = failure?.error ?? [];
  return JSON.stringify({
    retry: kind.retry,
    queue: kind.queue,
    ...(kind.active ? { wrapped: kind.name } : {}),
    args,
    class: kind.active ? "Sidekiq::ActiveJob::Wrapper" : kind.name,
    jid,
    created_at: Math.floor(createdMs),
    ...(enqueuedMs === undefined ? {} : { enqueued_at: Math.floor(enqueuedMs) }),
    ...(failure
      ? {
          error_message: message,
          error_class: type,
          failed_at: Math.floor(failure.firstMs),
          retry_count: failure.count,
          ...(failure.lastMs === undefined ? {} : { retried_at: Math.floor(failure.lastMs) }),
        }
      : {}),
  });
}

function activeJob(kind: JobClass, random: Random, nowMs: number) {
  const hex = random.digits(32, 16);
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  return {
    job_class: kind.name,
    job_id: id,
    provider_job_id: null,
    queue_name: kind.queue,
    priority: null,
    arguments: [
      "OrderMailer",
      "receipt",
      "deliver_now",
      { args: [random.below(9_000_000)], _aj_ruby2_keywords: ["args"] },
    ],
    executions: 0,
    exception_executions: {},
    locale: "en",
    timezone: "UTC",
    enqueued_at: new Date(nowMs).toISOString().replace("Z", "000000Z"),
    scheduled_at: null,
  };
}

import { digest } from "../digest.ts";
import { classOf, parseObject } from "./payload.ts";

/** What is kept of an entry of a failed list. */
export interface FailureEntry {
  /** Tells the entry from others; stays the same when it is requeued, which adds `retried_at`. */
  readonly identity: string;
  readonly queue: string;
  readonly jobClass: string;
  readonly errorType: string;
}

/**
 * Reads `{failed_at, payload, exception, error, worker, queue, …}` as resque's and node-resque's failure backends write
 * it. Undefined for what is none, such as the empty text that stands in the place of an entry while it is removed.
 * `failed_at` is not read as a time: Ruby writes it in local time with a zone's abbreviation.
 */
export function readFailure(text: string): FailureEntry | undefined {
  const entry = parseObject(text);
  if (!entry) return undefined;
  const identity = [entry["failed_at"], entry["worker"], entry["queue"], entry["exception"], entry["payload"]];
  return {
    identity: digest(JSON.stringify(identity)),
    queue: textOr(entry["queue"], "unknown"),
    jobClass: classOf(entry["payload"]),
    errorType: textOr(entry["exception"], "unknown"),
  };
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" && value !== "" ? value : fallback;
}

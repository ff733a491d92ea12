import type { ErrorCode, QueuewatchError } from "../errors.ts";
import type { Result } from "../redis/client.ts";
import type { Problem } from "./system.ts";

/** Gathers what went wrong during a read: the same thing once, with its count. */
export class Problems {
  readonly #counts = new Map<string, Problem>();

  add(code: ErrorCode, message: string, count = 1): void {
    const key = `${code} ${message}`;
    this.#counts.set(key, { code, message, count: (this.#counts.get(key)?.count ?? 0) + count });
  }

  /** The value of a result, or `fallback` when Redis refused it; then says so, naming `key`. */
  value<T, F>(result: Result<T> | undefined, key: string, fallback: F): T | F {
    if (!result) return fallback;
    if (result.ok) return result.value;
    this.refused(result.error, key);
    return fallback;
  }

  refused(error: QueuewatchError, key: string): void {
    this.add(error.code, `${key}: ${error.message}`);
  }

  get all(): Problem[] {
    return [...this.#counts.values()].slice(0, 100);
  }
}

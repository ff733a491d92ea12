import type { InvalidPayloads } from "./system.ts";
import { digest } from "./digest.ts";

type ErrorType = InvalidPayloads["errorType"];

/** Faulty payloads that were counted are remembered up to this number, as digests. */
const maxRemembered = 5_000;

/** Counts payloads that are no jobs, each once however often it is seen. */
export class InvalidCounter {
  readonly #seen = new Set<string>();
  #counts = new Map<string, { queue: string; errorType: ErrorType; count: number }>();

  count(queue: string, text: string, errorType: ErrorType): void {
    const key = `${errorType} ${queue} ${digest(text)}`;
    if (this.#seen.has(key)) return;
    if (this.#seen.size >= maxRemembered) this.#seen.clear();
    this.#seen.add(key);
    const group = `${errorType} ${queue}`;
    const known = this.#counts.get(group) ?? { queue, errorType, count: 0 };
    known.count++;
    this.#counts.set(group, known);
  }

  /** What was counted since the last call. */
  take(): InvalidPayloads[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }
}

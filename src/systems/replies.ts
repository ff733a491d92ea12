import type { Result } from "../redis/client.ts";
import type { Problems } from "./problems.ts";

/**
 * Takes the replies of a mixed pipeline one after the other, in the order of its commands, each as what its command
 * gives. A refused command counts as a problem and gives nothing.
 */
export class Replies {
  readonly #results: readonly Result<unknown>[];
  readonly #problems: Problems;
  #at = 0;

  constructor(results: readonly Result<unknown>[], problems: Problems) {
    this.#results = results;
    this.#problems = problems;
  }

  number(key: string): number | undefined {
    const value = this.#next(key);
    return typeof value === "number" ? value : undefined;
  }

  text(key: string): string | undefined {
    const value = this.#next(key);
    return typeof value === "string" ? value : undefined;
  }

  texts(key: string): readonly string[] {
    const value = this.#next(key);
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  }

  #next(key: string): unknown {
    return this.#problems.value(this.#results[this.#at++], key, undefined);
  }
}

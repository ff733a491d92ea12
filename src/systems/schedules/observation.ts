import type { Result } from "../../redis/client.ts";
import type { Problem } from "../system.ts";
import type { ObservedSchedule } from "./watch.ts";

/** What a scheduler's keys say, and what could not be read of them. */
export interface Observation {
  readonly schedules: readonly ObservedSchedule[];
  readonly problems: readonly Problem[];
}

/** Gathers an observation while its keys are read. */
export class Observing {
  readonly #problems: Problem[] = [];

  /** A reply's value; where Redis refused the command, `fallback`, and a problem that names the key. */
  value<T>(result: Result<T> | undefined, key: string, fallback: T): T {
    if (!result || result.ok) return result?.value ?? fallback;
    this.#problems.push({ code: result.error.code, message: `${key}: ${result.error.message}`, count: 1 });
    return fallback;
  }

  partly(message: string): void {
    this.#problems.push({ code: "READ_PARTIAL", message, count: 1 });
  }

  end(schedules: readonly ObservedSchedule[]): Observation {
    return { schedules, problems: this.#problems };
  }
}

import type { JobClass } from "./plan.ts";
import type { Random } from "./random.ts";

/** How one execution ends. */
export interface Outcome {
  readonly durationMs: number;
  readonly error: JobClass["error"] | undefined;
}

/** Something that goes wrong with one class for a while. */
export interface Spell {
  readonly failures?: number;
  readonly error?: JobClass["error"];
  /** How many times longer executions take. */
  readonly slower?: number;
}

/** What the world around the jobs is like: how long they take, and how many of them fail, now. */
export class Weather {
  readonly #spells = new Map<string, Spell>();

  begin(jobClass: string, spell: Spell): void {
    this.#spells.set(jobClass, spell);
  }

  end(jobClass: string): void {
    this.#spells.delete(jobClass);
  }

  outcome(kind: JobClass, random: Random): Outcome {
    const spell = this.#spells.get(kind.name) ?? {};
    const durationMs = random.logNormal(kind.median, kind.spread) * (spell.slower ?? 1);
    const fails = random.chance(spell.failures ?? kind.failures);
    return { durationMs, error: fails ? (spell.error ?? kind.error) : undefined };
  }
}

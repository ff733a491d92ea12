import type { Redis } from "../../redis/client.ts";
import { get } from "../../redis/commands.ts";
import type { Snapshot } from "../system.ts";
import type { Problems } from "../problems.ts";
import type { Worker } from "./workers.ts";

/**
 * Which programs work in the namespace, for they count differently: Resque's `stat:processed` are all attempts,
 * node-resque's only those that succeeded (resque 3.0 lib/resque/worker.rb; node-resque 9.7.1 dist/core/worker.js).
 * What was seen once is not forgotten: a total must not jump when the last worker of a kind leaves.
 */
export class Variety {
  #ruby = false;
  #node = false;
  #asked = false;

  async update(
    redis: Redis,
    prefix: string,
    { workers, signal }: { readonly workers: readonly Worker[]; readonly signal: AbortSignal },
  ): Promise<void> {
    for (const { kind } of workers) {
      if (kind === "ruby") this.#ruby = true;
      if (kind === "node") this.#node = true;
    }
    if (this.#asked || this.#ruby || this.#node) return;
    // Every connection of node-resque leaves this key: without workers it is the only trace.
    const [result] = await redis.read([get(`${prefix}connection_test_key`)], signal);
    this.#asked = true;
    this.#node = result.ok && result.value === "ok";
  }

  /** Attempts ended and failed. Where both share the namespace, the totals are as Redis keeps them, and that is said. */
  totals(
    { processed, failed }: { readonly processed: number | undefined; readonly failed: number | undefined },
    problems: Problems,
  ): Snapshot["jobs"] {
    if (this.#node && this.#ruby)
      problems.add("TOTALS_MIXED", "Resque and node-resque share the namespace: processed counts both ways");
    if (!this.#node || this.#ruby || (processed === undefined && failed === undefined)) return { processed, failed };
    return { processed: (processed ?? 0) + (failed ?? 0), failed };
  }

  save(): unknown {
    return { ruby: this.#ruby, node: this.#node };
  }

  restore(state: unknown): void {
    if (state === null || typeof state !== "object") return;
    this.#ruby = "ruby" in state && state.ruby === true;
    this.#node = "node" in state && state.node === true;
  }
}

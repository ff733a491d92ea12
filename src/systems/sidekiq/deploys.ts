import type { Redis } from "../../redis/client.ts";
import { hgetall, hlen } from "../../redis/commands.ts";
import { isObject } from "../json.ts";
import type { Problems } from "../problems.ts";
import type { Snapshot } from "../system.ts";
import { momentMs } from "../time-text.ts";
import type { Keys } from "./keys.ts";

type Deploy = Snapshot["deploysSince"][number];

/** More marks of one day than this are not read. */
const maxMarks = 1_000;

/** Tells the deploy marks of today (7.0 and newer; UTC) that were not there before. Source: sidekiq lib/sidekiq/deploy.rb. */
export class Deploys {
  readonly #keys: Keys;
  #key: string | undefined;
  #seen: ReadonlySet<string> = new Set();
  #new: Deploy[] = [];

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  async read(
    redis: Redis,
    context: {
      readonly nowMs: number;
      readonly past: boolean;
      readonly problems: Problems;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { problems, signal } = context;
    const key = this.#keys.marks(context.nowMs);
    const first = this.#key === undefined && !context.past;
    if (key !== this.#key) this.#seen = new Set();
    const [length] = await redis.read([hlen(key)], signal);
    const size = problems.value(length, key, 0);
    if (size > maxMarks) problems.add("READ_PARTIAL", `${key} has ${size} fields; it is not read`);
    const wanted = size > this.#seen.size && size <= maxMarks;
    const [result] = wanted ? await redis.read([hgetall(key)], signal) : [];
    this.#key = key;
    if (result) this.#take(problems.value(result, key, new Map<string, string>()), first);
  }

  #take(marks: ReadonlyMap<string, string>, first: boolean): void {
    for (const [time, label] of marks) {
      const atMs = momentMs(time);
      if (!first && !this.#seen.has(time) && atMs !== undefined) this.#new.push({ atMs, label });
    }
    this.#seen = new Set(marks.keys());
  }

  take(): Deploy[] {
    const taken = this.#new;
    this.#new = [];
    return taken;
  }

  save(): unknown {
    return { key: this.#key, seen: [...this.#seen] };
  }

  restore(state: unknown): void {
    if (!isObject(state) || typeof state["key"] !== "string" || !Array.isArray(state["seen"])) return;
    this.#key = state["key"];
    this.#seen = new Set(state["seen"].slice(0, maxMarks).filter((one) => typeof one === "string"));
  }
}

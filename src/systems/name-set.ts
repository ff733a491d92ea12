import type { Redis } from "../redis/client.ts";
import { smembers, sscan } from "../redis/commands.ts";
import type { Problems } from "./problems.ts";

/** Sets up to this size are read whole at every read. */
const maxWhole = 5_000;
/** Of larger ones as many members are kept; collected a few pages a read. */
const pageSize = 1_000;
const pagesPerRead = 3;

/** The members of a set that may be of any size: all of them, or a stable choice once there are too many. */
export class NameSet {
  readonly #kept = new Set<string>();
  #cursor: string | undefined = "0";

  /** `size` is the set's SCARD of just now. */
  async read(
    redis: Redis,
    key: string,
    options: { readonly size: number; readonly problems: Problems; readonly signal: AbortSignal },
  ): Promise<{ readonly names: readonly string[]; readonly whole: boolean }> {
    const { size, problems, signal } = options;
    if (size === 0) return { names: [], whole: true };
    if (size <= maxWhole) return this.#readWhole(redis, key, options);
    for (let page = 0; page < pagesPerRead && this.#cursor !== undefined; page++) {
      const [result] = await redis.read([sscan(key, this.#cursor, pageSize)], signal);
      const reply = problems.value(result, key, undefined);
      if (!reply) break;
      for (const member of reply.members) if (this.#kept.size < maxWhole) this.#kept.add(member);
      this.#cursor = reply.cursor === "0" || this.#kept.size >= maxWhole ? undefined : reply.cursor;
    }
    problems.add("READ_PARTIAL", `${key} has ${size} members; ${this.#kept.size} of them are read`);
    return { names: [...this.#kept], whole: false };
  }

  async #readWhole(
    redis: Redis,
    key: string,
    { problems, signal }: { readonly problems: Problems; readonly signal: AbortSignal },
  ): Promise<{ readonly names: readonly string[]; readonly whole: boolean }> {
    this.#kept.clear();
    this.#cursor = "0";
    const [result] = await redis.read([smembers(key)], signal);
    const names = problems.value(result, key, undefined);
    return { names: names?.toSorted() ?? [], whole: names !== undefined };
  }
}

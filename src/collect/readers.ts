import type { QueuewatchError } from "../errors.ts";
import { asQueuewatchError } from "../errors.ts";
import type { TargetConfig } from "../config/schema.ts";
import { namedQueues } from "../config/promises.ts";
import type { Redis } from "../redis/client.ts";
import type { Reader, ReaderOptions, System, SystemId } from "../systems/system.ts";

/** An open reader and what it reads. */
export interface OpenReader {
  readonly system: SystemId;
  readonly prefix: string;
  readonly reader: Reader;
}

/** With `system: auto`, how often a database is probed again for systems that were not there before. */
const probeEveryMs = 60_000;

/** Opens the readers of one target: what the config names, or what is found. */
export class Readers {
  readonly #config: TargetConfig;
  readonly #redis: Redis;
  readonly #systems: readonly System[];
  readonly #includePast: boolean;
  readonly #open = new Map<string, OpenReader>();
  #probedMs = Number.NEGATIVE_INFINITY;

  constructor(config: TargetConfig, redis: Redis, systems: readonly System[], includePast = false) {
    this.#config = config;
    this.#redis = redis;
    this.#systems = systems.filter(({ id }) => config.system === "auto" || config.system === id);
    this.#includePast = includePast;
  }

  /** The readers to use now. Empty where no system was found yet. Rejects as `Redis.read` does. */
  async current(nowMs: number, signal: AbortSignal): Promise<readonly OpenReader[]> {
    if (this.#config.system !== "auto") this.#openAll();
    else if (this.#open.size === 0 || nowMs - this.#probedMs >= probeEveryMs) {
      await this.#probe(signal);
      this.#probedMs = nowMs;
    }
    return [...this.#open.values()];
  }

  #openAll(): void {
    for (const system of this.#systems) for (const prefix of this.#prefixes(system)) this.#openOne(system, prefix);
  }

  async #probe(signal: AbortSignal): Promise<void> {
    for (const system of this.#systems)
      for (const prefix of this.#prefixes(system)) {
        if (this.#open.has(readerName(system.id, prefix))) continue;
        if (await system.detect(this.#redis, prefix, signal)) this.#openOne(system, prefix);
      }
  }

  #prefixes(system: System): string[] {
    return prefixesOf(this.#config, system);
  }

  #openOne(system: System, prefix: string): void {
    const name = readerName(system.id, prefix);
    if (this.#open.has(name)) return;
    const options: ReaderOptions = {
      prefix,
      namedQueues: namedQueues(this.#config),
      schedules: this.#config.schedules,
      schedulerLockPrefix: this.#config.scheduler_lock_prefix,
      includePast: this.#includePast,
    };
    this.#open.set(name, { system: system.id, prefix, reader: system.open(this.#redis, options) });
  }

  /** What the readers remember, by reader. */
  save(): Record<string, unknown> {
    return Object.fromEntries([...this.#open].map(([name, { reader }]) => [name, reader.save()]));
  }

  /**
   * Opens every reader that has saved memory and gives it back; a reader that cannot take it starts afresh.
   * Gives the errors of those.
   */
  restore(saved: Readonly<Record<string, unknown>>): QueuewatchError[] {
    const errors: QueuewatchError[] = [];
    for (const system of this.#systems)
      for (const prefix of this.#prefixes(system)) {
        const name = readerName(system.id, prefix);
        if (!(name in saved)) continue;
        this.#openOne(system, prefix);
        try {
          this.#open.get(name)?.reader.restore(saved[name]);
        } catch (error) {
          errors.push(asQueuewatchError(error, "STATE_UNREADABLE"));
        }
      }
    return errors;
  }
}

/** The key prefixes under which a target's config has a system looked for. */
export function prefixesOf(config: Pick<TargetConfig, "namespaces">, system: System): string[] {
  const namespaces = config.namespaces;
  if (namespaces === undefined) return [system.defaultPrefix];
  return namespaces.map((namespace) => (namespace === "" || namespace.endsWith(":") ? namespace : `${namespace}:`));
}

function readerName(system: SystemId, prefix: string): string {
  return `${system} ${prefix}`;
}

import { setTimeout as sleep } from "node:timers/promises";
import { sameSettings } from "../config/same-settings.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { doAll } from "../self/do-all.ts";
import type { Log } from "../self/log.ts";
import { Telemetry } from "../self/telemetry.ts";
import type { Collection } from "./family.ts";
import { loop } from "./loop.ts";
import { sameSource, Watch, type WatchContext, type WatchParts } from "./watch.ts";

/** A destination as the agent sees it (see `export/destination.ts`). */
interface Sink {
  readonly name: string;
  offer(collection: Collection): void;
  readonly counts: Parameters<Telemetry["collect"]>[0][number]["counts"];
  close(signal: AbortSignal): Promise<void>;
}

/** What the agent is made of besides the config; each part can be replaced in a test. */
export interface AgentParts extends WatchParts {
  readonly destinations: readonly Sink[];
}

/** What became of targets, by name. */
export interface TargetChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** A running agent. */
export interface Agent {
  /** The latest points of every target, and the agent's own. */
  collections(): readonly Collection[];
  /** Why it is not ready; empty when it is. */
  notReady(): readonly string[];
  /**
   * Watches these targets from now on; `refused`: how many files of the config hold something else, which is not in force.
   * Targets whose settings are the same go on untouched. To be called again only when it has resolved.
   */
  watch(targets: readonly TargetConfig[], refused: number): Promise<TargetChanges>;
  /** Stops reading, sends what is queued until `signal` aborts, closes all connections, whatever fails on the way. */
  stop(signal: AbortSignal): Promise<void>;
}

/** Starts a loop for each target and one for the agent's own metrics. */
export function startAgent(config: Config, parts: AgentParts): Agent {
  const { destinations } = parts;
  const { per_metric: perMetric, total } = config.cardinality;
  const telemetry = new Telemetry(config.environment, { perMetric, total }, parts.clock);
  const stop = new AbortController();
  const latest = new Map<string, Collection>();
  const deliver = (collection: Collection): void => {
    latest.set(collection.target ?? "", collection);
    for (const destination of destinations) offer(destination, collection, parts.log);
  };
  const watches = new Watches({ config, parts, telemetry, deliver, stop: stop.signal });
  for (const target of config.targets) watches.begin(target);
  let changing: Promise<unknown> = Promise.resolve();
  const collectOwn = (): void => deliver(telemetry.collect(destinations));
  const own = ownLoop(collectOwn, config.interval * 1_000, parts, stop.signal);
  return {
    collections: () => [...latest.values()],
    notReady: () => watches.all().flatMap((watch) => watch.notReady()),
    watch: async (targets, refused) => {
      const become = watches.become(targets);
      changing = become;
      const { added, changed, removed } = await become;
      for (const name of removed) latest.delete(name);
      telemetry.configRead(refused, added.length + changed.length + removed.length > 0);
      return { added, changed, removed };
    },
    stop: (signal) => {
      stop.abort();
      return doAll([
        () => changing,
        () => Promise.all([own, ...watches.all().map((watch) => watch.stopped())]),
        collectOwn,
        () => Promise.all(destinations.map((destination) => destination.close(signal))),
        () => watches.all().forEach((watch) => watch.close()),
      ]);
    },
  };
}

/** A mistake of ours at one destination takes nothing from the others. */
function offer(destination: Sink, collection: Collection, log: Log): void {
  try {
    destination.offer(collection);
  } catch (error) {
    log.failure(error, { destination: destination.name });
  }
}

/** The targets under watch, by name. */
class Watches {
  readonly #context: WatchContext;
  readonly #watches = new Map<string, Watch>();

  constructor(context: WatchContext) {
    this.#context = context;
  }

  all(): Watch[] {
    return [...this.#watches.values()];
  }

  begin(target: TargetConfig): void {
    this.#watches.set(target.name, new Watch(target, this.#context));
  }

  /** All changes happen at once: a target that is slow to end holds up no other. */
  async become(targets: readonly TargetConfig[]): Promise<TargetChanges> {
    const wanted = new Set(targets.map(({ name }) => name));
    const removed = [...this.#watches.keys()].filter((name) => !wanted.has(name));
    const added = targets.filter(({ name }) => !this.#watches.has(name));
    const changed = targets.filter((target) => {
      const watch = this.#watches.get(target.name);
      return watch !== undefined && !sameSettings(watch.config, target);
    });
    for (const target of added) this.begin(target);
    await Promise.all([...removed.map((name) => this.#end(name)), ...changed.map((target) => this.#change(target))]);
    return { added: added.map(({ name }) => name), changed: changed.map(({ name }) => name), removed };
  }

  async #end(name: string): Promise<void> {
    await this.#watches.get(name)?.end();
    this.#watches.delete(name);
  }

  async #change(target: TargetConfig): Promise<void> {
    const watch = this.#watches.get(target.name);
    if (watch && sameSource(watch.config, target)) {
      await watch.change(target);
      return;
    }
    await this.#end(target.name);
    this.begin(target);
  }
}

async function ownLoop(tick: () => void, intervalMs: number, parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  // The first of its own points shall already tell of the targets' first ticks.
  await sleep(Math.min(500, intervalMs / 2), undefined, { signal }).catch(() => undefined);
  const ticked = async (): Promise<boolean> => (tick(), true);
  const onFailure = (error: unknown): void => log.failure(error);
  await loop(ticked, { intervalMs, clock, signal, phase: Math.random(), onOverrun: () => undefined, onFailure });
}

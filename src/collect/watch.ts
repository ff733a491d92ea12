import { namedQueues } from "../config/promises.ts";
import { sameSettings } from "../config/same-settings.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { asQueuewatchError, errors } from "../errors.ts";
import type { Redis } from "../redis/client.ts";
import type { Clock } from "../self/clock.ts";
import type { Log } from "../self/log.ts";
import type { Telemetry } from "../self/telemetry.ts";
import type { Snapshot, System } from "../systems/system.ts";
import type { Collection } from "./family.ts";
import { loop, type Tick } from "./loop.ts";
import { Readers } from "./readers.ts";
import { StateFile } from "./state.ts";
import { Target, type ServerSamples, type TargetParts } from "./target.ts";
import { targetView } from "./view.ts";

/** What watching a target is made of besides its config; each part can be replaced in a test. */
export interface WatchParts {
  readonly systems: readonly System[];
  readonly openRedis: (target: TargetConfig) => Redis;
  readonly readServer: (redis: Redis, signal: AbortSignal) => Promise<ServerSamples>;
  /** Reads the workers' own processes, for targets that want it. */
  readonly readProcesses?: (target: TargetConfig) => (snapshots: readonly Snapshot[]) => Promise<ServerSamples>;
  /** Key of the hash that masks names. */
  readonly maskKey: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What all watches of an agent share. */
export interface WatchContext {
  readonly config: Config;
  readonly parts: WatchParts;
  readonly telemetry: Telemetry;
  readonly deliver: (collection: Collection) => void;
  /** Aborts when the agent ends: reads are given up, nothing is delivered any more. */
  readonly stop: AbortSignal;
}

const defaultTimeout = 10;
const defaultPort = 6_379;

/** A target under watch: its connection, its series and the loop that reads it, from now until it ends. */
export class Watch {
  readonly #context: WatchContext;
  readonly #target: Target;
  #config: TargetConfig;
  #redis: Redis;
  #readers: Readers;
  #readMore: TargetParts["readMore"];
  #halt = new AbortController();
  #loop: Promise<void>;

  constructor(config: TargetConfig, context: WatchContext) {
    const { parts } = context;
    this.#context = context;
    this.#config = config;
    this.#redis = parts.openRedis(config);
    this.#readers = new Readers(config, this.#redis, parts.systems);
    this.#readMore = config.workers.processes ? parts.readProcesses?.(config) : undefined;
    this.#target = new Target(this.#targetParts());
    this.#loop = this.#run();
  }

  get config(): TargetConfig {
    return this.#config;
  }

  /** Why it is not ready; empty when it is. */
  notReady(): string[] {
    const { name, known, failure } = this.#target;
    if (!known) return [`target ${name}: not read yet`];
    return failure ? [`target ${name}: ${failure.code}`] : [];
  }

  /**
   * Goes on with other settings of the same source, when the read under way is done: all series and what was counted stay.
   * The connection stays, too, unless the settings of reading changed.
   */
  async change(config: TargetConfig): Promise<void> {
    await this.#halted();
    const { parts } = this.#context;
    const before = this.#config;
    this.#config = config;
    if (!sameSettings(readingOf(before), readingOf(config))) this.#reopen();
    const { by_host: byHost, processes } = config.workers;
    if (byHost !== before.workers.by_host || processes !== before.workers.processes)
      this.#readMore = processes ? parts.readProcesses?.(config) : undefined;
    this.#target.change(this.#targetParts());
    this.#loop = this.#run();
  }

  /** Reads no more, once the read under way is done: all its series end. */
  async end(): Promise<void> {
    await this.#halted();
    this.#redis.close();
    for (const collection of await this.#target.end()) this.#context.deliver(collection);
    this.#context.telemetry.ended(this.#config.name);
  }

  /** Resolves when the loop has ended, after the agent was told to stop; the series do not end by that. */
  async stopped(): Promise<void> {
    await this.#loop;
  }

  close(): void {
    this.#redis.close();
  }

  async #halted(): Promise<void> {
    this.#halt.abort();
    await this.#loop;
  }

  /** What the readers remember is of the same source: nothing is counted twice, nothing is left out. */
  #reopen(): void {
    const { parts, telemetry } = this.#context;
    const memory = this.#readers.save();
    this.#redis.close();
    telemetry.reopened(this.#config.name);
    this.#redis = parts.openRedis(this.#config);
    this.#readers = new Readers(this.#config, this.#redis, parts.systems);
    for (const { message, code, action } of this.#readers.restore(memory))
      parts.log.warn(message, { code, target: this.#config.name, action });
  }

  async #run(): Promise<void> {
    const { parts, stop } = this.#context;
    const { clock } = parts;
    this.#halt = new AbortController();
    const signal = AbortSignal.any([stop, this.#halt.signal]);
    const intervalMs = this.#interval * 1_000;
    const onOverrun = (durationMs: number): void => this.#overrun(durationMs);
    const onFailure = (error: unknown): void => this.#failed(error);
    await loop(this.#turns(), { intervalMs, clock, signal, phase: Math.random(), onOverrun, onFailure });
  }

  /** What was read is delivered at once; that nothing could be read, once an interval. */
  #turns(): Tick {
    const { deliver, stop } = this.#context;
    return async (isDue) => {
      const collection = await this.#target.tick(stop);
      const read = this.#target.failure === undefined;
      if (!stop.aborted && (read || isDue())) deliver(collection);
      return read;
    };
  }

  get #interval(): number {
    return this.#config.interval ?? this.#context.config.interval;
  }

  #targetParts(): TargetParts {
    const target = this.#config;
    const { config, parts, telemetry } = this.#context;
    return {
      name: target.name,
      system: target.system,
      environment: config.environment,
      redis: this.#redis,
      clock: parts.clock,
      log: parts.log,
      telemetry,
      readers: this.#readers,
      readServer: (signal) => parts.readServer(this.#redis, signal),
      ...(this.#readMore ? { readMore: this.#readMore } : {}),
      view: targetView(config, target, parts.maskKey),
      limits: { perMetric: config.cardinality.per_metric, total: config.cardinality.total },
      namedQueues: namedQueues(target),
      // Timers take whole numbers only, which 0.35 * 1_000 is not.
      timeoutMs: Math.ceil(Math.min(target.timeout ?? defaultTimeout, this.#interval) * 1_000),
      stateFile: config.state_dir === undefined ? undefined : new StateFile(config.state_dir, `target-${target.name}`),
    };
  }

  /** A target that cannot be read is no failure of a turn: this is a mistake of ours. */
  #failed(thrown: unknown): void {
    const { parts, telemetry } = this.#context;
    const target = this.#config.name;
    telemetry.error(target, asQueuewatchError(thrown).code);
    parts.log.failure(thrown, { target });
  }

  #overrun(durationMs: number): void {
    const { parts, telemetry } = this.#context;
    const target = this.#config.name;
    telemetry.error(target, "TICK_OVERRUN");
    const { action } = errors.TICK_OVERRUN;
    parts.log.warn(`a read took ${(durationMs / 1_000).toFixed(1)} s`, { code: "TICK_OVERRUN", target, action });
  }
}

/** The settings that decide how a target is read. */
function readingOf(target: TargetConfig) {
  const { redis, system, namespaces, schedules, scheduler_lock_prefix: lockPrefix } = target;
  return { redis, system, namespaces, schedules, lockPrefix, named: namedQueues(target) };
}

/**
 * Whether two configs of one name are about the same data. Totals of another server, database or namespace do not go on
 * from where these stand; user, password and TLS are only ways there.
 */
export function sameSource(one: TargetConfig, other: TargetConfig): boolean {
  return sameSettings(sourceOf(one), sourceOf(other));
}

function sourceOf({ redis, namespaces }: TargetConfig) {
  const { db, sentinels, sentinel_name: primary } = redis;
  const { protocol, hostname, port, pathname, search } = new URL(redis.url?.reveal() ?? "sentinels://");
  const [server, database] =
    protocol === "unix:" ? [pathname, search] : [`${hostname}:${port || defaultPort}`, pathname.slice(1) || "0"];
  return { server, database: String(db ?? database), sentinels, primary, namespaces };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Config, TargetConfig } from "../config/schema.ts";
import { namedQueues, queuePromise } from "../config/promises.ts";
import { errors } from "../errors.ts";
import type { Redis } from "../redis/client.ts";
import type { Clock } from "../self/clock.ts";
import type { Log } from "../self/log.ts";
import { Telemetry } from "../self/telemetry.ts";
import type { Snapshot, System } from "../systems/system.ts";
import type { Collection } from "./family.ts";
import { loop, type Tick } from "./loop.ts";
import { nameMap } from "./names.ts";
import type { TargetView } from "./points.ts";
import { Readers } from "./readers.ts";
import { StateFile } from "./state.ts";
import { Target, type ServerSamples } from "./target.ts";

/** A destination as the agent sees it (see `export/destination.ts`). */
interface Sink {
  readonly name: string;
  offer(collection: Collection): void;
  readonly counts: Parameters<Telemetry["collect"]>[0][number]["counts"];
  close(signal: AbortSignal): Promise<void>;
}

/** What the agent is made of besides the config; each part can be replaced in a test. */
export interface AgentParts {
  readonly systems: readonly System[];
  readonly destinations: readonly Sink[];
  readonly openRedis: (target: TargetConfig) => Redis;
  readonly readServer: (redis: Redis, signal: AbortSignal) => Promise<ServerSamples>;
  /** Reads the workers' own processes, for targets that want it. */
  readonly readProcesses?: (target: TargetConfig) => (snapshots: readonly Snapshot[]) => Promise<ServerSamples>;
  /** Key of the hash that masks names. */
  readonly maskKey: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A running agent. */
export interface Agent {
  /** The latest points of every target, and the agent's own. */
  collections(): readonly Collection[];
  /** Why it is not ready; empty when it is. */
  notReady(): readonly string[];
  /** Stops reading, sends what is queued until `signal` aborts, closes all connections. */
  stop(signal: AbortSignal): Promise<void>;
}

const defaultTimeout = 10;

/** Starts a loop for each target and one for the agent's own metrics. */
export function startAgent(config: Config, parts: AgentParts): Agent {
  const { clock, destinations } = parts;
  const limits = { perMetric: config.cardinality.per_metric, total: config.cardinality.total };
  const telemetry = new Telemetry(config.environment, limits, clock);
  const stop = new AbortController();
  const latest = new Map<string, Collection>();
  const deliver = (collection: Collection): void => {
    latest.set(collection.target ?? "", collection);
    for (const destination of destinations) destination.offer(collection);
  };
  const opened = config.targets.map((target) => openTarget(target, { config, parts, telemetry }));
  const loops = opened.map(({ target, intervalMs }) =>
    loop(turnsOf(target, deliver, stop.signal), {
      intervalMs,
      clock,
      signal: stop.signal,
      phase: Math.random(),
      onOverrun: (durationMs) => overrun(parts.log, telemetry, target.name, durationMs),
    }),
  );
  loops.push(ownLoop(() => deliver(telemetry.collect(destinations)), config.interval * 1_000, clock, stop.signal));
  return {
    collections: () => [...latest.values()],
    notReady: () => opened.flatMap(({ target }) => notReady(target)),
    stop: async (signal) => {
      stop.abort();
      await Promise.all(loops);
      deliver(telemetry.collect(destinations));
      await Promise.all(destinations.map((destination) => destination.close(signal)));
      for (const { redis } of opened) redis.close();
    },
  };
}

/** What was read is delivered at once; that nothing could be read, once an interval. */
function turnsOf(target: Target, deliver: (collection: Collection) => void, stop: AbortSignal): Tick {
  return async (isDue) => {
    const collection = await target.tick(stop);
    const read = target.failure === undefined;
    if (!stop.aborted && (read || isDue())) deliver(collection);
    return read;
  };
}

interface Shared {
  readonly config: Config;
  readonly parts: AgentParts;
  readonly telemetry: Telemetry;
}

function openTarget(target: TargetConfig, { config, parts, telemetry }: Shared) {
  const { clock, log, systems } = parts;
  const interval = target.interval ?? config.interval;
  const redis = parts.openRedis(target);
  const readMore = target.workers.processes ? parts.readProcesses?.(target) : undefined;
  return {
    redis,
    intervalMs: interval * 1_000,
    target: new Target({
      name: target.name,
      system: target.system,
      environment: config.environment,
      redis,
      clock,
      log,
      telemetry,
      readers: new Readers(target, redis, systems),
      readServer: (signal) => parts.readServer(redis, signal),
      ...(readMore ? { readMore } : {}),
      view: targetView(config, target, parts.maskKey),
      limits: { perMetric: config.cardinality.per_metric, total: config.cardinality.total },
      namedQueues: namedQueues(target),
      timeoutMs: Math.min(target.timeout ?? defaultTimeout, interval) * 1_000,
      stateFile: config.state_dir === undefined ? undefined : new StateFile(config.state_dir, `target-${target.name}`),
    }),
  };
}

/** How a target's names and promises are said, from its config. */
export function targetView(config: Config, target: TargetConfig, maskKey: string): TargetView {
  const { queues, classes } = config.cardinality;
  const promises = new Map<string, ReturnType<typeof queuePromise>>();
  return {
    queueName: nameMap(queues, maskKey),
    className: nameMap(classes, maskKey),
    promise: (queue) => {
      let promise = promises.get(queue);
      if (!promise) {
        if (promises.size > 20_000) promises.clear();
        promises.set(queue, (promise = queuePromise(target, queue)));
      }
      return promise;
    },
    byHost: target.workers.by_host,
    workerMinimum: target.workers.minimum,
  };
}

function notReady(target: Target): string[] {
  if (!target.known) return [`target ${target.name}: not read yet`];
  return target.failure ? [`target ${target.name}: ${target.failure.code}`] : [];
}

function overrun(log: Log, telemetry: Telemetry, target: string, durationMs: number): void {
  telemetry.error(target, "TICK_OVERRUN");
  const { action } = errors.TICK_OVERRUN;
  log.warn(`a read took ${(durationMs / 1_000).toFixed(1)} s`, { code: "TICK_OVERRUN", target, action });
}

async function ownLoop(tick: () => void, intervalMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  // The first of its own points shall already tell of the targets' first ticks.
  await sleep(Math.min(500, intervalMs / 2), undefined, { signal }).catch(() => undefined);
  const ticked = async (): Promise<boolean> => (tick(), true);
  await loop(ticked, { intervalMs, clock, signal, phase: Math.random(), onOverrun: () => undefined });
}

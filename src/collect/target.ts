import { catalogue } from "../catalogue/catalogue.ts";
import { targetUp } from "../catalogue/queuewatch.ts";
import type { Metric } from "../catalogue/metric.ts";
import { asQueuewatchError, errors, QueuewatchError } from "../errors.ts";
import type { Redis } from "../redis/client.ts";
import type { Clock } from "../self/clock.ts";
import type { Log } from "../self/log.ts";
import type { Telemetry } from "../self/telemetry.ts";
import type { Problem, Snapshot } from "../systems/system.ts";
import type { Collection, Family } from "./family.ts";
import { Places, type SeriesLimits } from "./places.ts";
import { snapshotSamples, type TargetView } from "./points.ts";
import type { OpenReader, Readers } from "./readers.ts";
import type { Sample } from "./record.ts";
import { SeriesTable } from "./series.ts";
import type { StateFile } from "./state.ts";

/** What one read gives besides the snapshots: numbers about the Redis server itself. */
export interface ServerSamples {
  readonly samples: readonly Sample[];
  readonly problems: readonly Problem[];
}

export interface TargetParts {
  readonly name: string;
  /** The config's word for the system; the attribute of `queuewatch.target.up` until one is found. */
  readonly system: string;
  readonly environment: string | undefined;
  readonly redis: Redis;
  readonly readers: Readers;
  readonly readServer: (signal: AbortSignal) => Promise<ServerSamples>;
  /** Samples that come from elsewhere than Redis (the workers' processes). */
  readonly readMore?: (snapshots: readonly Snapshot[]) => Promise<ServerSamples>;
  readonly view: TargetView;
  readonly limits: SeriesLimits;
  readonly namedQueues: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly stateFile: StateFile | undefined;
}

const isUp: Sample = { metric: targetUp, values: [], mode: "state", value: 1 };
const metricByName = new Map<string, Metric>(catalogue.map((metric) => [metric.name, metric]));

/** One watched target: reads it once a tick, and keeps its series. */
export class Target {
  readonly name: string;
  #parts: TargetParts;
  readonly #tables = new Map<string, SeriesTable>();
  readonly #places: Places[] = [];
  /** Undefined before the first tick ended; then why the last one failed, or null. */
  #failure: QueuewatchError | null | undefined;
  #restored = false;

  constructor(parts: TargetParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  /** Why the target is not read: undefined while it is, or while nothing is known yet. */
  get failure(): QueuewatchError | undefined {
    return this.#failure ?? undefined;
  }

  /** Whether a first tick has ended, well or not. */
  get known(): boolean {
    return this.#failure !== undefined;
  }

  /** Goes on with other parts, between two ticks: all series stay. */
  change(parts: TargetParts): void {
    this.#parts = parts;
    for (const places of this.#places) places.prefer(new Set(parts.namedQueues));
  }

  /**
   * Nothing is read any more: gives what is still to be said of counts, then the end of all series. Gauges get no last 0,
   * which would look like an outage. What was saved is removed: whoever comes back under this name begins anew.
   */
  async end(): Promise<Collection[]> {
    const { clock, stateFile } = this.#parts;
    await stateFile?.remove().catch((error: unknown) => this.#report(asQueuewatchError(error)));
    const tables = [...this.#tables.values()];
    const last = tables.flatMap((table) => table.flush());
    const ended = tables.flatMap((table) => table.end());
    if (tables.length === 0)
      ended.push({ metric: targetUp, points: [], ended: this.#systems().map((id) => this.#common(id)) });
    return [last, ended]
      .map((families) => ({ target: this.name, timeMs: clock.now(), families: mergeFamilies(families) }))
      .filter(({ families }) => families.length > 0);
  }

  /** Reads once. Never rejects: a target that cannot be read gives `queuewatch.target.up` 0 and nothing else. */
  async tick(stop: AbortSignal): Promise<Collection> {
    const { clock, log, telemetry, redis, timeoutMs } = this.#parts;
    const started = clock.monotonic();
    try {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
      const families = await Promise.race([this.#read(signal), aborted(signal)]);
      if (this.#failure) log.info("the target is read again", { target: this.name });
      this.#failure = null;
      return { target: this.name, timeMs: clock.now(), families };
    } catch (error) {
      this.#failure = asQueuewatchError(error);
      if (!stop.aborted) this.#report(this.#failure);
      return { target: this.name, timeMs: clock.now(), families: [this.#down(this.#systems())] };
    } finally {
      telemetry.collected(this.name, (clock.monotonic() - started) / 1_000);
      telemetry.cost(this.name, redis.cost);
    }
  }

  async #read(signal: AbortSignal): Promise<Family[]> {
    const { clock, readers, readServer, readMore } = this.#parts;
    await this.#restore();
    const open = await readers.current(clock.monotonic(), signal);
    if (open.length === 0) this.#warn({ code: "SYSTEM_NOT_FOUND", message: "no job system found", count: 1 });
    const server = await readServer(signal);
    const { snapshots, failures } = await readAll(open, signal);
    for (const failure of failures.values()) this.#report(failure);
    const more = (await readMore?.(snapshots)) ?? { samples: [], problems: [] };
    for (const problem of [server, more, ...snapshots].flatMap(({ problems }) => problems)) this.#warn(problem);
    const families = this.#advance(snapshots, [...server.samples, ...more.samples], new Set(failures.keys()));
    await this.#save();
    return mergeFamilies([...families, this.#down([...failures.keys()])]);
  }

  /** The server's samples go with the first system: they are the target's, and said once. Systems that failed stand still. */
  #advance(snapshots: readonly Snapshot[], shared: readonly Sample[], failed: ReadonlySet<string>): Family[] {
    const { view, telemetry, system, clock } = this.#parts;
    const read = Map.groupBy(snapshots, (snapshot) => snapshot.system as string);
    const first = snapshots[0]?.system ?? system;
    const nowMs = clock.now();
    let cost = 0;
    let dropped = 0;
    const ids = new Set([first, ...read.keys(), ...[...this.#tables.keys()].filter((id) => !failed.has(id))]);
    const families = [...ids].flatMap((id) => {
      const samples = (read.get(id) ?? []).flatMap((snapshot) => snapshotSamples(snapshot, view));
      if (id === first) samples.push(...shared);
      if (id === first || read.has(id)) samples.push(isUp);
      const advanced = this.#table(id).advance(samples, nowMs);
      cost += advanced.cost;
      dropped += advanced.folded;
      return advanced.families;
    });
    telemetry.series(this.name, cost, dropped);
    if (dropped > 0) this.#warn({ code: "SERIES_LIMIT", message: `${dropped} series combined into other`, count: 1 });
    return families;
  }

  #down(systems: readonly string[]): Family {
    const points = systems.map((system) => ({ attributes: this.#common(system), value: 0, startMs: undefined }));
    return { metric: targetUp, points, ended: [] };
  }

  #systems(): string[] {
    return this.#tables.size === 0 ? [this.#parts.system] : [...this.#tables.keys()];
  }

  #table(system: string): SeriesTable {
    let table = this.#tables.get(system);
    if (!table) {
      const places = new Places(this.#parts.limits, new Set(this.#parts.namedQueues));
      this.#places.push(places);
      this.#tables.set(system, (table = new SeriesTable(this.#common(system), places)));
    }
    return table;
  }

  #common(system: string): Record<string, string> {
    const { environment, name } = this.#parts;
    return { ...(environment === undefined ? {} : { environment }), system, target: name };
  }

  async #restore(): Promise<void> {
    if (this.#restored) return;
    this.#restored = true;
    try {
      const state = await this.#parts.stateFile?.load();
      if (!state) return;
      for (const error of this.#parts.readers.restore(state.readers)) this.#report(error);
      for (const [system, series] of Object.entries(state.series))
        for (const saved of series) {
          const metric = metricByName.get(saved.metric);
          if (metric) this.#table(system).restore(metric, saved, this.#parts.clock.now());
        }
    } catch (error) {
      this.#report(asQueuewatchError(error));
    }
  }

  /** Before the points leave: a count that was sent must never be forgotten, or it would seem to start again. */
  async #save(): Promise<void> {
    const { stateFile, readers } = this.#parts;
    if (!stateFile) return;
    const series = Object.fromEntries([...this.#tables].map(([system, table]) => [system, table.save()]));
    try {
      await stateFile.save({ version: 1, readers: readers.save(), series });
    } catch (error) {
      this.#report(asQueuewatchError(error));
    }
  }

  #report(error: QueuewatchError): void {
    this.#parts.telemetry.error(this.name, error.code);
    this.#parts.log.failure(error, { target: this.name });
  }

  #warn({ code, message, count }: Problem): void {
    this.#parts.telemetry.error(this.name, code, count);
    const { action } = errors[code];
    this.#parts.log.warn(message, { code, target: this.name, ...(count > 1 ? { count } : {}), action });
  }
}

/**
 * One connection carries all of a target's readers: one after the other, so that they share its chunks. What one has read
 * is kept when another fails; rejects when none could read.
 */
async function readAll(open: readonly OpenReader[], signal: AbortSignal) {
  const snapshots: Snapshot[] = [];
  const failures = new Map<string, QueuewatchError>();
  for (const { reader, system } of open) {
    try {
      snapshots.push(await reader.read(signal));
    } catch (error) {
      failures.set(system, asQueuewatchError(error));
    }
  }
  const [failure] = failures.values();
  if (failure && snapshots.length === 0) throw failure;
  return { snapshots, failures };
}

/** Rejects when the signal aborts: whatever a reader waits for, a tick ends at its deadline. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void =>
      reject(new QueuewatchError("REDIS_TIMEOUT", "the target was not read before the deadline"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

function mergeFamilies(families: readonly Family[]): Family[] {
  const merged = [...Map.groupBy(families, ({ metric }) => metric)].map(([metric, parts]) => ({
    metric,
    points: parts.flatMap(({ points }) => points),
    ended: parts.flatMap(({ ended }) => ended),
  }));
  return merged.filter(({ points, ended }) => points.length + ended.length > 0);
}

import * as own from "../catalogue/queuewatch.ts";
import type { Collection } from "../collect/family.ts";
import { Places, type SeriesLimits } from "../collect/places.ts";
import { Recorder } from "../collect/record.ts";
import { SeriesTable } from "../collect/series.ts";
import type { ErrorCode } from "../errors.ts";
import type { Clock } from "./clock.ts";

/** What the agent says about one of its destinations; see `DestinationCounts`. */
export interface ObservedDestination {
  readonly name: string;
  readonly counts: {
    readonly produced: number;
    readonly delivered: number;
    readonly rejected: number;
    readonly dropped: number;
    readonly queued: number;
  };
}

/** What a target has cost its Redis so far. */
export interface ObservedCost {
  readonly commands: number;
  readonly receivedBytes: number;
}

const outcomes = ["delivered", "rejected", "dropped"] as const;

/** The agent's own metrics: told of events by the loops, asked for a collection at each interval. */
export class Telemetry {
  readonly #clock: Clock;
  readonly #table: SeriesTable;
  readonly #startedMs: number;
  #record = new Recorder();
  #series = new Map<string, number>();
  #config = { refused: 0, readMs: 0 };
  #grown = new Map<string, number>();

  constructor(environment: string | undefined, limits: SeriesLimits, clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
    this.#config.readMs = clock.now();
    this.#table = new SeriesTable({ environment: environment ?? "" }, new Places(limits, new Set()));
  }

  collected(target: string, seconds: number): void {
    const counts = [...own.collectionDuration.bounds, Number.POSITIVE_INFINITY].map(() => 0);
    const bucket = own.collectionDuration.bounds.findIndex((bound) => seconds <= bound);
    counts[bucket === -1 ? counts.length - 1 : bucket] = 1;
    this.#record.increment(own.collectionDuration, { counts, sum: seconds }, { target });
  }

  error(target: string, code: ErrorCode, count = 1): void {
    this.#record.increment(own.collectionErrors, count, { target, "error.type": code });
  }

  series(target: string, cost: number, dropped: number): void {
    this.#series.set(target, cost);
    this.#record.increment(own.seriesDropped, dropped, { target, reason: "limit" });
  }

  cost(target: string, { commands, receivedBytes }: ObservedCost): void {
    this.#record.increment(own.redisCommands, this.#growth(`commands ${target}`, commands), { target });
    this.#record.increment(own.redisReceived, this.#growth(`received ${target}`, receivedBytes), { target });
  }

  /** The target has a new connection, whose cost counts from 0. */
  reopened(target: string): void {
    this.#grown.delete(`commands ${target}`);
    this.#grown.delete(`received ${target}`);
  }

  /** The target is watched no more. */
  ended(target: string): void {
    this.#series.delete(target);
    this.reopened(target);
  }

  /** Targets were changed, and so many files of the config hold what is not in force. */
  configRead(refused: number, changed: boolean): void {
    this.#config = { refused, readMs: changed ? this.#clock.now() : this.#config.readMs };
  }

  collect(destinations: readonly ObservedDestination[]): Collection {
    const record = this.#record;
    this.#record = new Recorder();
    for (const [target, cost] of this.#series) record.state(own.seriesActive, cost, { target });
    for (const destination of destinations) this.#destination(record, destination);
    record.state(own.configRefused, this.#config.refused, {});
    record.state(own.configTime, this.#config.readMs / 1_000, {});
    const { user, system } = process.cpuUsage();
    record.increment(own.processCpuTime, this.#growth("cpu", (user + system) / 1e6), {});
    record.state(own.processMemoryUsage, process.memoryUsage.rss(), {});
    record.state(own.processUptime, (this.#clock.monotonic() - this.#startedMs) / 1_000, {});
    const timeMs = this.#clock.now();
    return { target: undefined, timeMs, families: this.#table.advance(record.samples, timeMs).families };
  }

  #destination(record: Recorder, { name: destination, counts }: ObservedDestination): void {
    const produced = this.#growth(`produced ${destination}`, counts.produced);
    record.increment(own.exportProduced, produced, { destination });
    for (const outcome of outcomes) {
      const grown = this.#growth(`${outcome} ${destination}`, counts[outcome]);
      record.increment(own.exportPoints, grown, { destination, outcome });
    }
    record.state(own.exportQueued, counts.queued, { destination });
  }

  /** What a count has grown by since the last call. */
  #growth(name: string, value: number): number {
    const before = this.#grown.get(name) ?? 0;
    this.#grown.set(name, value);
    return Math.max(0, value - before);
  }
}

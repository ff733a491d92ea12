import { Database } from "./redis/database.ts";
import { Fleet } from "./world/fleet.ts";
import { Incidents, type Incident } from "./world/incidents.ts";
import { JobStore } from "./world/job-store.ts";
import { Random } from "./world/random.ts";
import { Timeline } from "./world/timeline.ts";
import { Traffic } from "./world/traffic.ts";
import { truthOf, type Truth } from "./world/truth.ts";
import { Weather } from "./world/weather.ts";
import { Written } from "./world/written.ts";

export interface WorldOptions {
  /** The same seed and start make the same world, whatever steps it is advanced in. */
  readonly seed: string;
  /** When its incidents begin, in ms since the epoch. */
  readonly startMs: number;
  /** How long a day's rhythm takes. Default: 24 minutes. */
  readonly dayMs?: number;
  /** How long it has been running before, in ms, without incidents. Default: five minutes. */
  readonly pastMs?: number;
}

/** A simulated application with Sidekiq 8.1: clients, queues, workers, and what goes wrong with them. */
export interface World {
  /** What its Sidekiq has written; serve it with `startStandIn`. */
  readonly database: Database;
  /** Its own time, in ms since the epoch: as far as it was advanced. */
  now(): number;
  /** From 0 (midnight) to 1. */
  timeOfDay(): number;
  /** Lets everything happen up to a moment. */
  advance(nowMs: number): void;
  /** What a reader of the database must find at this moment. */
  truth(): Truth;
  /** What has gone wrong since it started, the latest last. */
  incidents(): readonly Incident[];
}

/** Its first day begins in the morning, when traffic grows. */
const startOfDay = 9 / 24;

export function createWorld({ seed, startMs, dayMs = 1_440_000, pastMs = 300_000 }: WorldOptions): World {
  const random = new Random(seed);
  const timeline = new Timeline(startMs - pastMs);
  const database = new Database(() => timeline.nowMs);
  const store = new JobStore(database, timeline, random.fork("retries"));
  const [weather, written] = [new Weather(), new Written()];
  const fleet = new Fleet({ database, store, timeline, weather, written }, random.fork("fleet"));
  const day = { lengthMs: dayMs, midnightMs: startMs - startOfDay * dayMs };
  const traffic = new Traffic({ fleet, store, timeline, random, day });
  const incidents = new Incidents({ database, fleet, timeline, traffic, weather, random: random.fork("incidents") });
  timeline.at(startMs, () => incidents.begin());
  timeline.advance(startMs);
  return {
    database,
    now: () => timeline.nowMs,
    timeOfDay: () => traffic.timeOfDay,
    advance: (nowMs) => timeline.advance(nowMs),
    truth: () => truthOf({ store, written, processes: fleet.registered, nowMs: timeline.nowMs }),
    incidents: () => incidents.told,
  };
}

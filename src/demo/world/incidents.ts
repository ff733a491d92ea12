import type { Database } from "../redis/database.ts";
import type { Fleet } from "./fleet.ts";
import { jobClasses, type JobClass } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import type { Traffic } from "./traffic.ts";
import type { Weather } from "./weather.ts";

export const incidentKinds = ["deploy", "poison", "worker lost", "flood", "slowdown"] as const;
export type IncidentKind = (typeof incidentKinds)[number];

/** Something that happened in the world, as one who knows would tell it. */
export interface Incident {
  readonly kind: IncidentKind;
  readonly atMs: number;
  readonly untilMs: number;
  readonly text: string;
  /** Jobs that were lost for good. */
  readonly lostJobs: number;
}

export interface IncidentParts {
  readonly database: Database;
  readonly fleet: Fleet;
  readonly timeline: Timeline;
  readonly traffic: Traffic;
  readonly weather: Weather;
  readonly random: Random;
}

/** When each happens, in seconds from the beginning of a round, and for how long. */
const script: readonly (readonly [kind: IncidentKind, atSeconds: number, lastsSeconds: number])[] = [
  ["deploy", 15, 45],
  ["poison", 70, 60],
  ["worker lost", 150, 80],
  ["flood", 250, 45],
  ["slowdown", 420, 60],
];
const roundSeconds = 600;

const poisoned = classNamed("ProcessWebhookJob");
const slowed = classNamed("IndexProductJob");
const flooded = ["GeocodeAddressJob", "ActionMailer::MailDeliveryJob", "DeliverWebhookJob", "PushNotificationJob"].map(
  classNamed,
);
const victim = "worker-3";

/** Lets things go wrong, as a script has it: the same round again and again, never quite at the same times. */
export class Incidents {
  readonly #parts: IncidentParts;
  readonly #told: Incident[] = [];

  constructor(parts: IncidentParts) {
    this.#parts = parts;
  }

  /** Everything that has happened, the latest last. */
  get told(): readonly Incident[] {
    return this.#told;
  }

  /** Begins the first round now. */
  begin(): void {
    const { random, timeline } = this.#parts;
    for (const [kind, at, lasts] of script)
      timeline.after((at + random.between(-5, 5)) * 1_000, () => this.#happen(kind, lasts * 1_000));
    timeline.after(roundSeconds * 1_000, () => this.begin());
  }

  #happen(kind: IncidentKind, lastsMs: number): void {
    const atMs = this.#parts.timeline.nowMs;
    const { text, lostJobs = 0 } = this.#start(kind, lastsMs);
    this.#told.push({ kind, atMs, untilMs: atMs + lastsMs, text, lostJobs });
  }

  #start(kind: IncidentKind, lastsMs: number): { readonly text: string; readonly lostJobs?: number } {
    switch (kind) {
      case "deploy":
        return this.#deploy();
      case "poison":
        return this.#poison(lastsMs);
      case "worker lost":
        return this.#loseWorker(lastsMs);
      case "flood":
        return this.#flood(lastsMs);
      case "slowdown":
        return this.#slowDown(lastsMs);
    }
  }

  /** A deploy mark (lib/sidekiq/deploy.rb, 8.1.7), and a rolling restart. */
  #deploy() {
    const { database, fleet, random, timeline } = this.#parts;
    const label = `${random.digits(7, 16)} release`;
    const minute = new Date(Math.floor(timeline.nowMs / 60_000) * 60_000).toISOString();
    const key = `${minute.slice(0, 10).replaceAll("-", "")}-marks`;
    database.hset(key, { [minute.replace(".000Z", "Z")]: label });
    database.expire(key, 90 * 86_400);
    database.set(`deploylock-${label}`, "1");
    database.expire(`deploylock-${label}`, 60);
    fleet.restart(4_000);
    return { text: `a release is deployed (${label}): all processes restart, one after the other` };
  }

  #poison(lastsMs: number) {
    const { timeline, traffic, weather } = this.#parts;
    weather.begin(poisoned.name, { failures: 0.95, error: ["JSON::ParserError", "unexpected token"] });
    timeline.after(lastsMs, () => weather.end(poisoned.name));
    traffic.poison(poisoned, 1.5, lastsMs);
    return { text: `queue ${poisoned.queue} is poisoned: ${poisoned.name} fails, and some payloads are no jobs` };
  }

  #loseWorker(lastsMs: number) {
    const lostJobs = this.#parts.fleet.killHost(victim, lastsMs).length;
    return { text: `${victim} dies (kill -9), with ${lostJobs} jobs in its hands`, lostJobs };
  }

  #flood(lastsMs: number) {
    for (const kind of flooded) this.#parts.traffic.flood(kind, 45, lastsMs);
    return { text: `a flood of jobs into ${flooded.map(({ queue }) => queue).join(", ")}` };
  }

  #slowDown(lastsMs: number) {
    const { timeline, weather } = this.#parts;
    weather.begin(slowed.name, { slower: 20 });
    timeline.after(lastsMs, () => weather.end(slowed.name));
    return { text: `${slowed.name} takes 20 times as long as usual` };
  }
}

function classNamed(name: string): JobClass {
  const found = jobClasses.find((kind) => kind.name === name);
  if (!found) throw new Error(`the demo has no class ${name}`);
  return found;
}

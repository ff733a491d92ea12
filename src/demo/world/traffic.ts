import type { Fleet } from "./fleet.ts";
import { createJob, createMalformed } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { jobClasses, rhythm, rhythmPeak, type JobClass } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface TrafficParts {
  readonly fleet: Fleet;
  readonly store: JobStore;
  readonly timeline: Timeline;
  readonly random: Random;
  /** Length of a day in ms, and the moment of a midnight. */
  readonly day: { readonly lengthMs: number; readonly midnightMs: number };
}

/** What clients enqueue: every class at random times, in the rhythm of the day, and floods on top. */
export class Traffic {
  readonly #parts: TrafficParts;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    for (const kind of jobClasses) this.#next(kind, parts.random.fork(`traffic ${kind.name}`));
  }

  /** From 0 (midnight) to 1. */
  get timeOfDay(): number {
    const { day, timeline } = this.#parts;
    const days = (timeline.nowMs - day.midnightMs) / day.lengthMs;
    return days - Math.floor(days);
  }

  /** Enqueues so many jobs a second of a class on top of the usual ones, for a while. */
  flood(kind: JobClass, perSecond: number, lastsMs: number): void {
    const random = this.#parts.random.fork(`flood ${kind.name} ${this.#parts.timeline.nowMs}`);
    this.#repeat(random, { perSecond, lastsMs }, () => this.#enqueue(kind, random));
  }

  /** Enqueues what is no job, into the queue of a class. */
  poison(kind: JobClass, perSecond: number, lastsMs: number): void {
    const { fleet, timeline } = this.#parts;
    const random = this.#parts.random.fork(`poison ${kind.name} ${timeline.nowMs}`);
    this.#repeat(random, { perSecond, lastsMs }, () => fleet.enqueue(createMalformed(kind, random, timeline.nowMs)));
  }

  #repeat(random: Random, { perSecond, lastsMs }: { perSecond: number; lastsMs: number }, action: () => void): void {
    const { timeline } = this.#parts;
    const endMs = timeline.nowMs + lastsMs;
    const again = (): void => {
      if (timeline.nowMs >= endMs) return;
      action();
      timeline.after(random.exponential(1_000 / perSecond), again);
    };
    again();
  }

  /** Drawn at the pace of the busiest hour, and thinned out to that of the hour it is. */
  #next(kind: JobClass, random: Random): void {
    const { timeline } = this.#parts;
    timeline.after(random.exponential(1_000 / (kind.perSecond * rhythmPeak)), () => {
      if (random.chance(rhythm(this.timeOfDay, kind.nightly === true) / rhythmPeak)) this.#enqueue(kind, random);
      this.#next(kind, random);
    });
  }

  #enqueue(kind: JobClass, random: Random): void {
    const { fleet, store, timeline } = this.#parts;
    const job = createJob(kind, random, timeline.nowMs);
    if (kind.delay) store.schedule(job, random.between(...kind.delay) * 1_000);
    else fleet.enqueue(job);
  }
}

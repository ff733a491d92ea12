import type { Redis } from "../../redis/client.ts";
import type { Problem, ScheduleState } from "../system.ts";
import { ScheduleWatch } from "../schedules/watch.ts";
import { readSidekiqCron } from "./sidekiq-cron.ts";
import { readSidekiqScheduler } from "./sidekiq-scheduler.ts";

/** What one read of schedules found. */
export interface SchedulesRead {
  readonly schedules: readonly ScheduleState[];
  readonly problems: readonly Problem[];
}

/** Reads the schedules of sidekiq-cron and sidekiq-scheduler, and says how late they are. */
export class SidekiqSchedules {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #watch = new ScheduleWatch();

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** `nowMs`: the server's clock. Rejects as `Redis.read` does; what is refused is a problem. */
  async read(nowMs: number, signal: AbortSignal): Promise<SchedulesRead> {
    const [cron, scheduler] = await Promise.all([
      readSidekiqCron(this.#redis, this.#prefix, signal),
      readSidekiqScheduler(this.#redis, this.#prefix, signal),
    ]);
    return {
      schedules: this.#watch.update([...cron.schedules, ...scheduler.schedules], nowMs),
      problems: [...cron.problems, ...scheduler.problems],
    };
  }

  save(): unknown {
    return this.#watch.save();
  }

  restore(state: unknown): void {
    this.#watch.restore(state);
  }
}

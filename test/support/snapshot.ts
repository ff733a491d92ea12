import type { Snapshot } from "../../src/systems/system.ts";

/** A snapshot of a system in which nothing is, but for what is given. */
export function snapshotOf(parts: Partial<Snapshot> = {}): Snapshot {
  return {
    system: "sidekiq",
    takenAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    queues: [],
    classes: [],
    sets: [],
    failures: [],
    failuresSince: [],
    invalidSince: [],
    jobs: { processed: undefined, failed: undefined },
    lostJobsSince: [],
    workers: {
      active: 0,
      quiet: 0,
      lost: 0,
      startedSince: 0,
      stoppedSince: 0,
      lostSince: 0,
      versions: [],
      hosts: [],
      processes: [],
    },
    schedules: [],
    schedulerUp: undefined,
    deploysSince: [],
    problems: [],
    ...parts,
  };
}

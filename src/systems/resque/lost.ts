import type { Worker } from "./workers.ts";

/**
 * A lost worker's job is presumed lost after this long. With the 180 s after which a worker without a heartbeat is lost,
 * that is later than 300 s, when Resque's own pruning moves such a job to the failed list.
 */
const graceMs = 180_000;

/**
 * Counts the jobs that died with their workers. In Resque a worker that was killed stays registered with its job in its
 * hands until another worker prunes it, which makes a failure of the job. A job that is still there after the grace is
 * counted; one that its worker ended, or that was pruned, is not. What was lost before the first read is not counted.
 * An upper bound: node-resque's workers give no pings while they stop and end their last job; one that takes longer than
 * the grace is counted, though it may still end well.
 */
export class LostJobs {
  /** By worker and job: since when it is lost; undefined once it has been counted, or was lost all along. */
  #held = new Map<string, { readonly sinceMs: number | undefined; readonly jobClass: string }>();
  #first = true;
  #counts = new Map<string, number>();

  update(workers: readonly Worker[], nowMs: number): void {
    const before = this.#held;
    this.#held = new Map();
    for (const { id, job, lost } of workers) {
      if (!lost || !job) continue;
      const key = `${id} ${job.token}`;
      const unseen = this.#first ? undefined : nowMs;
      const since = before.has(key) ? before.get(key)?.sinceMs : unseen;
      const due = since !== undefined && nowMs - since >= graceMs;
      if (due) this.#count(job.jobClass);
      this.#held.set(key, { sinceMs: due ? undefined : since, jobClass: job.jobClass });
    }
    this.#first = false;
  }

  #count(jobClass: string): void {
    this.#counts.set(jobClass, (this.#counts.get(jobClass) ?? 0) + 1);
  }

  /** Jobs presumed lost since the last call. */
  take(): { jobClass: string; count: number }[] {
    const taken = [...this.#counts].map(([jobClass, count]) => ({ jobClass, count }));
    this.#counts = new Map();
    return taken;
  }

  save(): unknown {
    return [...this.#held].map(([key, { sinceMs }]) => [key, sinceMs ?? null]);
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, 10_000)) {
      if (!Array.isArray(entry) || typeof entry[0] !== "string") continue;
      this.#held.set(entry[0], { sinceMs: typeof entry[1] === "number" ? entry[1] : undefined, jobClass: "" });
    }
    this.#first = false;
  }
}

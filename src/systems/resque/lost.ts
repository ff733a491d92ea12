import type { Worker } from "./workers.ts";

/**
 * A lost worker's job is presumed lost after this long. With the 180 s after which a worker without a heartbeat is lost,
 * that is later than 300 s, when Resque's own pruning moves such a job to the failed list.
 */
const graceMs = 180_000;

/** A time in ms; `before`: it was lost at the first read; `counted`: it was, and is no more. */
type Since = number | "before" | "counted";

/**
 * Counts the jobs that died with their workers. In Resque a worker that was killed stays registered with its job in its
 * hands until another worker prunes it, which makes a failure of the job. A job that is still there after the grace is
 * counted; one that its worker ended, or that was pruned, is not. What was lost before the first read is not counted.
 * An upper bound: node-resque's workers give no pings while they stop and end their last job, nor while a job blocks their
 * event loop; one that takes longer than the grace is counted, though it may still end well. A counter does not fall, so
 * it stays counted when its worker comes back, but is not counted again when the worker is silent for a second time.
 */
export class LostJobs {
  /** By worker and job: since when it is lost. */
  #held = new Map<string, Since>();
  #first = true;
  #counts = new Map<string, number>();

  update(workers: readonly Worker[], nowMs: number): void {
    const before = this.#held;
    this.#held = new Map();
    for (const { id, job, lost } of workers) {
      if (!job) continue;
      const key = `${id} ${job.token}`;
      const since = before.get(key) ?? (this.#first ? "before" : nowMs);
      if (lost) this.#held.set(key, this.#judge(since, job.jobClass, nowMs));
      else if (since === "counted") this.#held.set(key, since);
    }
    this.#first = false;
  }

  #judge(since: Since, jobClass: string, nowMs: number): Since {
    if (typeof since !== "number" || nowMs - since < graceMs) return since;
    this.#counts.set(jobClass, (this.#counts.get(jobClass) ?? 0) + 1);
    return "counted";
  }

  /** Jobs presumed lost since the last call. */
  take(): { jobClass: string; count: number }[] {
    const taken = [...this.#counts].map(([jobClass, count]) => ({ jobClass, count }));
    this.#counts = new Map();
    return taken;
  }

  save(): unknown {
    return [...this.#held];
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, 10_000)) {
      if (!Array.isArray(entry) || typeof entry[0] !== "string") continue;
      this.#held.set(entry[0], savedSince(entry[1]));
    }
    this.#first = false;
  }
}

function savedSince(saved: unknown): Since {
  return typeof saved === "number" || saved === "before" ? saved : "counted";
}

import type { FailureGroup, JobSet } from "../system.ts";
import type { Job } from "./job.ts";

type Names = Pick<FailureGroup, "queue" | "jobClass" | "errorType">;

const other: Names = { queue: "other", jobClass: "other", errorType: "other" };

export function namesOf({ queue, jobClass, errorType }: Job): Names {
  return { queue: queue ?? "unknown", jobClass, errorType: errorType ?? "unknown" };
}

/** Counts failures of one set by queue, class and error, each combination once. */
export class FailureGroups {
  readonly #set: JobSet;
  #groups = new Map<string, { readonly names: Names; count: number }>();
  #total = 0;

  constructor(set: JobSet) {
    this.#set = set;
  }

  get total(): number {
    return this.#total;
  }

  add(names: Names, count = 1): void {
    const key = JSON.stringify([names.queue, names.jobClass, names.errorType]);
    const known = this.#groups.get(key);
    if (known) known.count += count;
    else this.#groups.set(key, { names, count });
    this.#total += count;
  }

  addOther(count: number): void {
    if (count > 0) this.add(other, count);
  }

  /** The `most` largest groups, scaled up to `size` where that is more than was counted; the rest is `other`. */
  scaledTo(size: number, most: number): FailureGroup[] {
    const scale = this.#total === 0 ? 0 : size / this.#total;
    const largest = [...this.#groups.values()].toSorted((a, b) => b.count - a.count).slice(0, most);
    const parts = new FailureGroups(this.#set);
    for (const { names, count } of largest) parts.add(names, Math.floor(count * scale));
    parts.addOther(size - parts.total);
    return parts.all;
  }

  get all(): FailureGroup[] {
    return [...this.#groups.values()]
      .filter(({ count }) => count > 0)
      .map(({ names, count }) => ({
        set: this.#set,
        queue: names.queue,
        jobClass: names.jobClass,
        errorType: names.errorType,
        count,
      }));
  }
}

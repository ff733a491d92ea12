import { isObject } from "../json.ts";
import { histogramBuckets, type ClassCounts } from "./minute-buckets.ts";

/** What is known of one class: in one bucket, or gathered over several. */
export interface ClassTotals extends ClassCounts {
  readonly histogram: readonly number[];
}

export const noTotals: ClassTotals = {
  processed: 0,
  failed: 0,
  ms: 0,
  histogram: Array.from({ length: histogramBuckets }, () => 0),
};

/** What `now` has more than `before`; a count that fell counts as nothing. */
export function growth(now: ClassTotals, before: ClassTotals): ClassTotals {
  return {
    processed: more(now.processed, before.processed),
    failed: more(now.failed, before.failed),
    ms: more(now.ms, before.ms),
    histogram: now.histogram.map((count, index) => more(count, before.histogram[index] ?? 0)),
  };
}

export function sumOf(one: ClassTotals, other: ClassTotals): ClassTotals {
  return {
    processed: one.processed + other.processed,
    failed: one.failed + other.failed,
    ms: one.ms + other.ms,
    histogram: one.histogram.map((count, index) => count + (other.histogram[index] ?? 0)),
  };
}

/** Whether its histogram lags behind: every successful execution stands in it. */
export function lacksHistogram({ processed, failed, histogram }: ClassTotals): boolean {
  return processed - failed > histogram.reduce((sum, count) => sum + count, 0);
}

const maxClasses = 20_000;

export function savedTotals(totals: ReadonlyMap<string, ClassTotals>): unknown {
  return [...totals].slice(0, maxClasses).map(([jobClass, one]) => ({ jobClass, ...one }));
}

export function restoredTotals(state: unknown): Map<string, ClassTotals> {
  const totals = new Map<string, ClassTotals>();
  if (!Array.isArray(state)) return totals;
  for (const entry of state.slice(0, maxClasses).filter(isObject)) {
    const jobClass: unknown = entry["jobClass"];
    const histogram: unknown = entry["histogram"];
    if (typeof jobClass !== "string" || !Array.isArray(histogram)) continue;
    totals.set(jobClass, {
      processed: countOf(entry["processed"]),
      failed: countOf(entry["failed"]),
      ms: countOf(entry["ms"]),
      histogram: noTotals.histogram.map((_, index) => countOf(histogram[index])),
    });
  }
  return totals;
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function more(one: number, other: number): number {
  return Math.max(0, one - other);
}

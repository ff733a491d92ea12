import type { HistogramValue, Metric } from "../catalogue/metric.ts";

/** A point's value as a row of numbers: one, or a histogram's counts and then its sum. */
export function numbersOf(value: number | HistogramValue): number[] {
  return typeof value === "number" ? [value] : [...value.counts, value.sum];
}

export function valueOf({ kind }: Metric, numbers: readonly number[]): number | HistogramValue {
  if (kind !== "histogram") return numbers[0] ?? 0;
  return { counts: numbers.slice(0, -1), sum: numbers.at(-1) ?? 0 };
}

export function add(a: readonly number[], b: readonly number[]): number[] {
  return a.map((number, index) => number + (b[index] ?? 0));
}

/** Never below 0: what is left of a sum of fractions is no growth. */
export function subtract(a: readonly number[], b: readonly number[]): number[] {
  return a.map((number, index) => Math.max(0, number - (b[index] ?? 0)));
}

export function isZero(numbers: readonly number[]): boolean {
  return numbers.every((number) => number === 0);
}

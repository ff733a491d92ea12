import type { Metric } from "../catalogue/metric.ts";
import type { Collection, Family, PointAttributes } from "../collect/family.ts";
import type { Debt, Ledger } from "./ledger.ts";
import { numbersOf, valueOf } from "./vector.ts";

/** What is to be told of the fate of points that were made: by their place in the request. */
export interface Receipt {
  delivered(from: number, to: number): void;
  /** Neither these nor an earlier try of them arrived: what they counted is told later. */
  lost(from: number, to: number): void;
}

/** A collection that waits in a buffer. */
export interface Held {
  readonly points: number;
  /** What it takes in memory until it is a request. */
  readonly bytes: number;
  /** The points to send; to be called once, and only for the oldest in the buffer. */
  make(): { readonly collection: Collection; readonly receipt: Receipt };
  /** It will never be made. */
  drop(): void;
}

/** How counts are told to a destination. */
export interface Keeper {
  readonly temporality: "cumulative" | "delta";
  hold(collection: Collection): Held;
}

// A point, a number and a place in a list of V8's.
const pointBytes = 72;
const numberBytes = 8;

/** Number of points that a collection becomes: those of ended series only where they are told. */
function countPoints({ families }: Collection, ended: boolean): number {
  return families.reduce((sum, family) => sum + family.points.length + (ended ? family.ended.length : 0), 0);
}

/** Totals as they are: whatever gets lost, the next one says everything. */
export function cumulativeKeeper(ended: boolean): Keeper {
  const receipt: Receipt = { delivered: () => undefined, lost: () => undefined };
  return {
    temporality: "cumulative",
    hold: (collection) => {
      const points = countPoints(collection, ended);
      return { points, bytes: points * pointBytes, make: () => ({ collection, receipt }), drop: () => undefined };
    },
  };
}

/** A family whose counts are what they grew by since the collection before; numbers of all points in one row. */
interface Grown {
  readonly metric: Metric;
  readonly attributes: readonly PointAttributes[];
  readonly numbers: Float64Array;
  readonly ended: readonly PointAttributes[];
}

/**
 * Differences: what a count grew by since the last one that arrived. What was dropped or refused is added to the next of
 * its series, so that the differences delivered always sum to the growth.
 */
export function deltaKeeper(ledger: Ledger, ended: boolean): Keeper {
  return {
    temporality: "delta",
    hold: (collection) => {
      const grown = collection.families.map((family) => grow(family, collection.timeMs, ledger));
      ledger.forget(collection.timeMs);
      const points = countPoints(collection, ended);
      const numbers = grown.reduce((sum, family) => sum + family.numbers.length, 0);
      return {
        points,
        bytes: (numbers + points) * numberBytes,
        make: () => differences(collection, grown, ledger),
        drop: () => {
          for (const family of grown)
            eachGrowth(family, (attributes, growth) => ledger.carry(family.metric, attributes, growth));
        },
      };
    },
  };
}

function grow({ metric, points, ended }: Family, timeMs: number, ledger: Ledger): Grown {
  const width = widthOf(metric);
  const numbers = new Float64Array(points.length * width);
  points.forEach((point, index) => {
    const row = metric.kind === "gauge" ? numbersOf(point.value) : ledger.enter(metric, point, timeMs);
    numbers.set(row, index * width);
  });
  if (metric.kind !== "gauge") for (const attributes of ended) ledger.end(metric, attributes, timeMs);
  return { metric, attributes: points.map(({ attributes }) => attributes), numbers, ended };
}

function differences(
  { target, timeMs }: Collection,
  grown: readonly Grown[],
  ledger: Ledger,
): ReturnType<Held["make"]> {
  const debts: (Debt | undefined)[] = [];
  const families = grown.map((family): Family => {
    const { metric, ended } = family;
    const points = family.attributes.map((attributes, index) => {
      const row = rowOf(family, index);
      if (metric.kind === "gauge") {
        debts.push(undefined);
        return { attributes, value: valueOf(metric, row), startMs: undefined };
      }
      const debt = ledger.claim(metric, attributes, row);
      debts.push(debt);
      return { attributes, value: valueOf(metric, debt.amount), startMs: Math.min(debt.sinceMs, timeMs - 1) };
    });
    return { metric, points, ended };
  });
  const each = (from: number, to: number, settle: (debt: Debt) => void): void => {
    for (const debt of debts.slice(from, to)) if (debt) settle(debt);
  };
  const receipt: Receipt = {
    delivered: (from, to) => each(from, to, (debt) => ledger.pay(debt, timeMs)),
    lost: (from, to) => each(from, to, (debt) => ledger.defer(debt)),
  };
  return { collection: { target, timeMs, families }, receipt };
}

function eachGrowth(family: Grown, visit: (attributes: PointAttributes, growth: number[]) => void): void {
  if (family.metric.kind === "gauge") return;
  family.attributes.forEach((attributes, index) => visit(attributes, rowOf(family, index)));
}

function rowOf({ metric, numbers }: Grown, index: number): number[] {
  const width = widthOf(metric);
  return Array.from(numbers.subarray(index * width, (index + 1) * width));
}

/** Numbers that a point of a metric consists of. */
function widthOf({ kind, bounds }: Metric): number {
  return kind === "histogram" ? bounds.length + 2 : 1;
}

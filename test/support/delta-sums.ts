import type { ReceivedPoint } from "./otlp-receiver.ts";

/** A count or a histogram as a row of numbers: one, or the buckets' counts and then the sum. */
type Row = readonly number[];

/** Sums of the differences by series, as a receiver has them that keeps the last of those with the same times. */
export function deltaSums(points: readonly ReceivedPoint[]): Map<string, Row> {
  const stored = new Map<string, ReceivedPoint>();
  for (const point of points)
    if (point.temporality === "delta") stored.set(`${seriesKey(point)} ${point.startMs} ${point.timeMs}`, point);
  const sums = new Map<string, Row>();
  for (const point of stored.values()) {
    const key = seriesKey(point);
    sums.set(key, add(sums.get(key), rowOf(point), 1));
  }
  return sums;
}

/** What the same sums have to be: what totals have grown by, from 0, or from the first one where the beginning is unknown. */
export function growths(points: readonly ReceivedPoint[]): Map<string, Row> {
  const bySeries = Map.groupBy(
    points.filter(({ temporality, noRecordedValue }) => temporality === "cumulative" && !noRecordedValue),
    seriesKey,
  );
  return new Map([...bySeries].map(([key, series]) => [key, growth(series)]));
}

/** The series that differ, each with both rows; fractions may be off by what their sums are off. */
export function differing(found: ReadonlyMap<string, Row>, wanted: ReadonlyMap<string, Row>): string[] {
  const keys = [...new Set([...found.keys(), ...wanted.keys()])];
  const same = (a: Row = [], b: Row = []): boolean =>
    a.length === b.length && a.every((number, index) => Math.abs(number - (b[index] ?? 0)) < 1e-6);
  return keys
    .filter((key) => !same(found.get(key), wanted.get(key)))
    .map((key) => `${key}: ${String(found.get(key))} for ${String(wanted.get(key))}`);
}

function growth(series: readonly ReceivedPoint[]): Row {
  const [first, last] = [series[0], series.at(-1)];
  if (!first || !last) return [];
  return first.startMs === undefined ? add(rowOf(last), rowOf(first), -1) : rowOf(last);
}

function seriesKey({ name, attributes }: ReceivedPoint): string {
  return `${name} ${JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function rowOf({ histogram, value = 0 }: ReceivedPoint): Row {
  return histogram ? [...histogram.counts, histogram.sum] : [value];
}

function add(a: Row | undefined, b: Row, factor: 1 | -1): Row {
  return b.map((number, index) => (a?.[index] ?? 0) + factor * number);
}

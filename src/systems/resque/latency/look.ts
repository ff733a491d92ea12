import type { Marker } from "./markers.ts";

/** What one look at a queue saw. Elements come oldest first. */
export interface Look {
  readonly atMs: number;
  readonly size: number;
  readonly head: string | undefined;
  /** The youngest elements. */
  readonly tail: readonly string[];
  /** Elements near the head, from index `nearIndex` on, where they were read. */
  readonly near?: { readonly index: number; readonly elements: readonly string[] };
}

/** An element to be looked for with LPOS; `maxlen` elements are walked at most. */
export interface Search {
  readonly marker: Marker;
  readonly rank: 1 | -1;
  readonly maxlen: number;
}

/** Where a search found its element, counted from the head. */
export interface Hit {
  readonly search: Search;
  readonly index: number | undefined;
}

/**
 * The number of the oldest element, by where markers were found; undefined when they disagree, or when an older one is
 * there and the youngest is not: elements leave the other way round, so what was found is another, equal one.
 */
export function agreedHead(
  hits: readonly { readonly marker: Marker; readonly index: number }[],
  markers: readonly Marker[],
): number | undefined {
  const youngest = Math.max(...markers.map(({ number }) => number));
  if (!hits.some(({ marker }) => marker.number === youngest)) return undefined;
  const heads = new Set(hits.map(({ marker, index }) => marker.number - index));
  const [head] = heads;
  return heads.size === 1 ? head : undefined;
}

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

/** The number of the oldest element by the markers found; undefined when there are none, or they disagree. */
export function agreedHead(hits: readonly { marker: Marker; index: number }[]): number | undefined {
  const heads = new Set(hits.map(({ marker, index }) => marker.number - index));
  const [head] = heads;
  return heads.size === 1 ? head : undefined;
}

import type { Collection, Family, Point } from "../collect/family.ts";
import { numbersOf } from "./vector.ts";

/**
 * A collection without the points that no number can be made of: JSON writes NaN and Infinity as `null`, and receivers
 * reject the whole request for it. `left` says how many there were.
 */
export function finite(collection: Collection): { kept: Collection; left: number } {
  const left = collection.families.reduce(
    (sum, { points }) => sum + points.filter((point) => !isFinite(point)).length,
    0,
  );
  if (left === 0) return { kept: collection, left };
  const families = collection.families.map((family): Family => ({ ...family, points: family.points.filter(isFinite) }));
  return { kept: { ...collection, families }, left };
}

function isFinite({ value }: Point): boolean {
  return typeof value === "number" ? Number.isFinite(value) : numbersOf(value).every(Number.isFinite);
}

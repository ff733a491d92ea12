import { Secret } from "./secret.ts";

/**
 * Whether two parsed settings say the same, secrets included. The order of keys counts: of the patterns of queues the first
 * that matches wins. What is undefined is as if it were not there.
 */
export function sameSettings(one: unknown, other: unknown): boolean {
  if (one instanceof Secret || other instanceof Secret)
    return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal();
  if (!isObject(one) || !isObject(other)) return Object.is(one, other);
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [given(one), given(other)];
  return (
    left.length === right.length &&
    left.every(([key, value], index) => key === right[index]?.[0] && sameSettings(value, right[index][1]))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function given(settings: object): [string, unknown][] {
  return Object.entries(settings).filter(([, value]) => value !== undefined);
}

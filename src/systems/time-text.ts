/** Numbers above this are milliseconds since the epoch, below seconds. */
const leastMs = 1e11;

/**
 * Milliseconds since the epoch of whatever stands for a moment in a job system's keys, decided by value: seconds or
 * milliseconds, as number or text; ISO 8601; Ruby's `2026-11-22 03:43:20 +0000` and `… UTC`; JavaScript's Date#toString.
 * Undefined for anything else, and for local times without an offset (`2026/11/21 22:42:07 EST`): they cannot be known.
 */
export function momentMs(value: unknown): number | undefined {
  if (typeof value === "number") return fromNumber(value);
  if (typeof value !== "string" || value.length > 100) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return fromNumber(Number(value));
  return fromText(value);
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined;
  return value > leastMs ? value : value * 1_000;
}

const ruby = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) (?:([+-]\d\d):?(\d\d)|UTC|Z)$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;
const javascript = /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}(?: \(.*\))?$/;

function fromText(text: string): number | undefined {
  const [, day, clock, hours, minutes] = ruby.exec(text) ?? [];
  if (day !== undefined && clock !== undefined)
    return parsed(`${day}T${clock}${hours === undefined ? "Z" : `${hours}:${minutes}`}`);
  return iso.test(text) || javascript.test(text) ? parsed(text.replace(/ \(.*\)$/, "")) : undefined;
}

function parsed(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Seconds of the units that fugit reads; a month is its 30 days, a year 365. */
const unitSeconds: Readonly<Record<string, number>> = {
  y: 31_536_000,
  year: 31_536_000,
  M: 2_592_000,
  month: 2_592_000,
  w: 604_800,
  week: 604_800,
  d: 86_400,
  day: 86_400,
  h: 3_600,
  hour: 3_600,
  m: 60,
  min: 60,
  minute: 60,
  s: 1,
  sec: 1,
  second: 1,
};

/**
 * Seconds of an interval as rufus-scheduler's `every` takes it: `60s`, `1h30m`, `15 minutes`, `PT5M`, or plain seconds.
 * Undefined when it is none, or not positive.
 */
export function parseInterval(value: unknown): number | undefined {
  if (typeof value === "number") return value > 0 && Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || value.length > 100) return undefined;
  const seconds = isoSeconds(value) ?? unitsSeconds(value);
  return seconds !== undefined && seconds > 0 ? seconds : undefined;
}

function isoSeconds(text: string): number | undefined {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (!parts) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

function unitsSeconds(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (!/^(?:\s*\d+(?:\.\d+)?\s*[A-Za-z]+)+\s*$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([A-Za-z]+)/g)) {
    const name = unit ?? "";
    const seconds = unitSeconds[name] ?? unitSeconds[name.toLowerCase().replace(/s$/, "")];
    if (seconds === undefined) return undefined;
    sum += Number(number) * seconds;
  }
  return sum;
}

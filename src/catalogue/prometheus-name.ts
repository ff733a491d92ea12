import type { Kind } from "./metric.ts";

/** What of a metric decides its name in Prometheus. */
export interface Named {
  readonly name: string;
  readonly unit: string;
  readonly kind: Kind;
}

/** Words for units, as Prometheus writes them (otlptranslator v1.0.0, unit_namer.go). Others stay as they are. */
const unitWords: ReadonlyMap<string, string> = new Map([
  ["d", "days"],
  ["h", "hours"],
  ["min", "minutes"],
  ["s", "seconds"],
  ["ms", "milliseconds"],
  ["us", "microseconds"],
  ["ns", "nanoseconds"],
  ["By", "bytes"],
  ["KiBy", "kibibytes"],
  ["MiBy", "mebibytes"],
  ["GiBy", "gibibytes"],
  ["TiBy", "tibibytes"],
  ["KBy", "kilobytes"],
  ["MBy", "megabytes"],
  ["GBy", "gigabytes"],
  ["TBy", "terabytes"],
  ["m", "meters"],
  ["V", "volts"],
  ["A", "amperes"],
  ["J", "joules"],
  ["W", "watts"],
  ["g", "grams"],
  ["Cel", "celsius"],
  ["Hz", "hertz"],
  ["1", ""],
  ["%", "percent"],
]);
const perUnitWords: ReadonlyMap<string, string> = new Map([
  ["s", "second"],
  ["m", "minute"],
  ["h", "hour"],
  ["d", "day"],
  ["w", "week"],
  ["mo", "month"],
  ["y", "year"],
]);

/**
 * A metric's base name in Prometheus: what an OTLP receiver with the default translation strategy
 * (UnderscoreEscapingWithSuffixes) makes of it. A histogram's series have `_bucket`, `_sum` and `_count` behind it.
 */
export function prometheusName({ name, unit, kind }: Named): string {
  const tokens = name.split(/[^A-Za-z0-9:]+/).filter((token) => token !== "");
  const { main, per } = unitSuffixes(unit);
  if (main !== "" && !tokens.includes(main)) tokens.push(per === "" ? main : main.replace(/_$/, ""));
  if (per !== "" && !tokens.includes(per)) tokens.push(per);
  const all = withLast(withLast(tokens, "total", kind === "counter"), "ratio", kind === "gauge" && unit === "1");
  const joined = all.join("_");
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** An attribute's label name in Prometheus. */
export function prometheusLabel(attribute: string): string {
  const label = attribute.replace(/[^A-Za-z0-9_]/g, "_");
  return /^\d/.test(label) ? `key_${label}` : label;
}

/** The word for a unit such as `s`, `By/s`: annotations in braces have none. */
function unitSuffixes(unit: string): { main: string; per: string } {
  const slash = unit.indexOf("/");
  const main = wordFor(slash === -1 ? unit : unit.slice(0, slash), unitWords);
  const per = slash === -1 ? "" : wordFor(unit.slice(slash + 1), perUnitWords);
  return { main, per: per === "" ? "" : `per_${per}`.replace(/_$/, "") };
}

function wordFor(unit: string, words: ReadonlyMap<string, string>): string {
  const text = unit.trim();
  if (/[{}]/.test(text)) return "";
  return (words.get(text) ?? text).replace(/[^A-Za-z0-9:]+/g, "_").replace(/^_/, "");
}

/** Moves a word to the end, or puts it there. */
function withLast(tokens: string[], word: string, wanted: boolean): string[] {
  return wanted ? [...tokens.filter((token) => token !== word), word] : tokens;
}

/** A command that Redis refuses; the message is Redis's own, with its code. */
export class CommandError extends Error {}

export const syntaxError = "ERR syntax error";
const notAnInteger = "ERR value is not an integer or out of range";
const notAFloat = "ERR min or max is not a float";

/** A whole number as Redis takes it: decimal, without signs but minus, without leading zeros. */
export function integerOf(text: string | undefined, error = notAnInteger): number {
  const value = text !== undefined && /^(?:0|-?[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new CommandError(error);
}

/** A place in something of that length: negative numbers count from the end. */
export function placeOf(text: string | undefined, length: number): number {
  const index = integerOf(text);
  return index < 0 ? Math.max(0, length + index) : index;
}

/** The end of a range of that length, as the index after its last element. */
export function endOf(text: string | undefined, length: number): number {
  const index = integerOf(text);
  return Math.min(length, (index < 0 ? length + index : index) + 1);
}

/** A bound of a range of scores; `(` leaves out the bound itself. */
export interface ScoreBound {
  readonly score: number;
  readonly exclusive: boolean;
}

const infinities: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

export function scoreBoundOf(text: string | undefined): ScoreBound {
  const exclusive = text?.startsWith("(") === true;
  const number = (exclusive ? text.slice(1) : (text ?? "")).toLowerCase();
  // No text at all is a 0 to Redis, too.
  const decimal = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?$/.test(number) ? Number(number) : undefined;
  const score = infinities[number] ?? decimal;
  if (score === undefined) throw new CommandError(notAFloat);
  return { score, exclusive };
}

/** Options that follow a command's fixed arguments: how many values each takes. */
export type OptionShapes = Readonly<Record<string, number>>;

/** The options given, by name, with their values; `undefined` where one was not given. */
export function optionsOf(words: readonly string[], shapes: OptionShapes): ReadonlyMap<string, readonly string[]> {
  const options = new Map<string, readonly string[]>();
  for (let index = 0; index < words.length;) {
    const name = words[index]?.toUpperCase() ?? "";
    const count = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (count === undefined || index + count >= words.length) throw new CommandError(syntaxError);
    options.set(name, words.slice(index + 1, index + 1 + count));
    index += 1 + count;
  }
  return options;
}

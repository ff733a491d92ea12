import { asQueuewatchError } from "../errors.ts";
import { printable } from "./printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ["logfmt", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** What a log line carries besides time, level and message. Values are cut and made printable. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where lines go, and how; `now` in milliseconds. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

const repeatAfterMs = 60_000;
const maxRemembered = 1_000;

/**
 * Writes one line an event. A line with a `code` is said once a minute for the same code, target, destination and queue,
 * of a file for the same message; the next one says how many were left out (`repeated`).
 */
export class Log {
  readonly #options: LogOptions;
  readonly #said = new Map<string, { at: number; repeated: number }>();

  constructor(options: LogOptions) {
    this.#options = options;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields: LogFields = {}): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields: LogFields = {}): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields: LogFields = {}): void {
    this.#log("error", message, fields);
  }

  /** Says what was thrown, with its code and what to do; of an error that should not happen, also where it arose. */
  failure(thrown: unknown, fields: LogFields = {}): void {
    const error = asQueuewatchError(thrown);
    const { message, code, action } = error;
    const place = code === "INTERNAL" ? { at: placeOf(error.cause ?? error) } : {};
    this.error(message, { code, ...fields, action, ...place });
  }

  #log(level: LogLevel, message: string, fields: LogFields): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.#options.level)) return;
    const repeated = this.#repeated(message, fields);
    if (repeated === undefined) return;
    const time = new Date(this.#options.now()).toISOString();
    const all = { time, level, message, ...fields, ...(repeated > 0 ? { repeated } : {}) };
    this.#options.write(this.#options.format === "json" ? jsonLine(all) : logfmtLine(all));
  }

  /** How often the same was left out since it was last said; undefined: leave it out once more. */
  #repeated(message: string, fields: LogFields): number | undefined {
    if (fields["code"] === undefined) return 0;
    const { code, target, destination, queue, file } = fields;
    const key = [code, target, destination, queue, ...(file === undefined ? [] : [file, message])].join("\0");
    const now = this.#options.now();
    const before = this.#said.get(key);
    if (before && now - before.at < repeatAfterMs) {
      before.repeated++;
      return undefined;
    }
    if (this.#said.size >= maxRemembered) this.#said.clear();
    this.#said.set(key, { at: now, repeated: 0 });
    return before?.repeated ?? 0;
  }
}

/** The first line of code in an error's stack; the rest of it repeats the message. */
function placeOf(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  return /^\s+at .*?([\w.-]+\.m?[jt]s:\d+:\d+)\)?$/m.exec(stack)?.[1] ?? "unknown";
}

function jsonLine(fields: LogFields): string {
  const clean = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "string" ? printable(value) : value,
  ]);
  return `${JSON.stringify(Object.fromEntries(clean))}\n`;
}

function logfmtLine(fields: LogFields): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `${pairs.map(([key, value]) => `${key}=${logfmtValue(value)}`).join(" ")}\n`;
}

function logfmtValue(value: LogFields[string]): string {
  const text = printable(String(value));
  return /^[\w.:/+-]+$/.test(text) ? text : JSON.stringify(text);
}

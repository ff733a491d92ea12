import type { Environment } from "../config/references.ts";

/** Where a command reads and writes; tests bring their own. */
export interface Io {
  /** Writes to standard output, or standard error; the text brings its own line breaks. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Environment;
  /** The program's version. */
  readonly version: string;
  /** Whether standard output shows colours. */
  readonly color: boolean;
  /** The size, now, of the terminal that standard output is; undefined for a file or a pipe. */
  readonly terminal?: (() => { readonly rows: number }) | undefined;
  /** Aborts when the program is asked to end (SIGINT, SIGTERM). */
  readonly signal: AbortSignal;
}

/** One option, as `--name VALUE` or as a switch. */
export interface Option {
  /** What stands for the value in the help; undefined for a switch. */
  readonly value?: string;
  /** The only values that are taken. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What stood on the command line, checked against the command's options. */
export interface Args {
  /** The value of an option; undefined when it was not given. Throws for an option that the command does not declare. */
  text(name: string): string | undefined;
  /** Whether a switch was given. */
  flag(name: string): boolean;
  readonly positionals: readonly string[];
}

/** One command of the program: a file of this folder. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Words that may follow: their name in the help, and which are taken. */
  readonly positional?: { readonly name: string; readonly choices: readonly string[] };
  readonly options: Options;
  /** Command lines that work, with what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Resolves with the exit code; rejects with a QueuewatchError, which the program prints. */
  run(args: Args, io: Io): Promise<number>;
}

/** Exit codes of all commands. */
export const exitCodes = { ok: 0, failed: 1, wrongInput: 2 } as const;

export const configOption = {
  config: { value: "FILE", help: "Config file; default: $QUEUEWATCH_CONFIG, else ./queuewatch.yaml if there is one." },
} as const satisfies Options;

export const logOptions = {
  "log-level": { value: "LEVEL", choices: ["debug", "info", "warn", "error"], help: "Wins over the config's." },
  "log-format": { value: "FORMAT", choices: ["logfmt", "json"], help: "Wins over the config's." },
} as const satisfies Options;

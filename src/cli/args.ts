import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggest.ts";
import { QueuewatchError } from "../errors.ts";
import type { Args, Command, Option, Options } from "./command.ts";

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { kind: "option" }>;

/** Reads what follows the command's name. Throws USAGE for what the command does not know, saying what may have been meant. */
export function readArgs(command: Command, argv: readonly string[]): Args {
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokenize(command.options, argv)) {
    if (token.kind === "option") values.set(token.name, readOption(command, token));
    if (token.kind === "positional") positionals.push(readPositional(command, token.value));
  }
  const declared = (name: string): void => {
    if (!Object.hasOwn(command.options, name)) throw new QueuewatchError("INTERNAL", `no option --${name} is declared`);
  };
  return {
    positionals,
    text: (name) => {
      declared(name);
      const value = values.get(name);
      return value === true ? undefined : value;
    },
    flag: (name) => {
      declared(name);
      return values.get(name) === true;
    },
  };
}

function tokenize(options: Options, argv: readonly string[]) {
  const types = Object.entries(options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const) },
  ]);
  const config = { args: [...argv], options: Object.fromEntries(types), strict: false, tokens: true } as const;
  return parseArgs(config).tokens;
}

function readOption(command: Command, token: OptionToken): string | true {
  const { name, value } = token;
  const option = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (!option) throw unknown(command, `option \`${token.rawName}\``, `--${name}`, optionNames(command));
  if (option.value !== undefined) return readValue(command, option, token);
  if (value !== undefined) throw usage(command, `--${name} takes no value`);
  return true;
}

function readValue(command: Command, option: Option, { name, value, inlineValue }: OptionToken): string {
  // `--config --verbose` would take the next option for a value; who means it writes `--config=--verbose`.
  if (value === undefined || value === "" || (value.startsWith("-") && !inlineValue))
    throw usage(command, `--${name} needs a value: --${name} ${option.value}`);
  if (option.choices && !option.choices.includes(value))
    throw unknown(command, `value \`${value}\` of --${name}`, value, option.choices);
  return value;
}

function readPositional(command: Command, value: string): string {
  const choices = command.positional?.choices;
  if (!choices) throw usage(command, `\`${value}\` is not expected here`);
  if (!choices.includes(value)) throw unknown(command, `\`${value}\``, value, choices);
  return value;
}

const optionNames = (command: Command): string[] => Object.keys(command.options).map((name) => `--${name}`);

function unknown(command: Command, what: string, word: string, candidates: readonly string[]): QueuewatchError {
  const hint = didYouMean(word, candidates) || ` (known: ${candidates.join(", ")})`;
  return usage(command, `unknown ${what}${hint}`);
}

/** A wrong command line of this command: USAGE. */
export function usage(command: Pick<Command, "name">, message: string): QueuewatchError {
  return new QueuewatchError("USAGE", message, { action: `See \`queuewatch ${command.name} --help\`.` });
}

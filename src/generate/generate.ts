import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Io } from "../cli/command.ts";
import { QueuewatchError } from "../errors.ts";
import { configJsonSchema } from "./json-schema.ts";

export interface GenerateOptions {
  readonly what: string;
  /** Path of the config file, as on the command line. */
  readonly config: string | undefined;
  /** Where to write; undefined: standard output. */
  readonly output: string | undefined;
}

/** Makes what is asked for; resolves with the exit code. */
export async function generate(options: GenerateOptions, io: Io): Promise<number> {
  if (options.what !== "schema") throw new QueuewatchError("USAGE", `cannot generate \`${options.what}\``);
  await deliver(`${JSON.stringify(configJsonSchema(), null, 2)}\n`, options.output, io);
  return 0;
}

async function deliver(text: string, output: string | undefined, io: Io): Promise<void> {
  if (output === undefined) {
    io.out(text);
    return;
  }
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, text);
}

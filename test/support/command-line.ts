import type { Io } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/program.ts";

/** What a command line gave. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, with an environment of its own. */
export async function run(argv: readonly string[], env: Record<string, string> = {}, color = false): Promise<Ran> {
  let out = "";
  let err = "";
  const io: Io = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env,
    version: "1.2.3",
    color,
    signal: new AbortController().signal,
  };
  const code = await runProgram(argv, io);
  return { code, out, err };
}

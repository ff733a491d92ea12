import { didYouMean } from "../config/suggest.ts";
import { asQueuewatchError, QueuewatchError } from "../errors.ts";
import { readArgs } from "./args.ts";
import { exitCodes, type Io } from "./command.ts";
import { commandNames, commands, isCommandName, loadAll } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { describeError } from "./program-error.ts";

/** Runs one command line (without the program's name) and gives its exit code. Never rejects: errors are printed. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    const failure = asQueuewatchError(error);
    io.err(describeError(failure));
    return isWrongInput(failure) ? exitCodes.wrongInput : exitCodes.failed;
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  if (first === "--version" || first === "-V") {
    io.out(`queuewatch ${io.version}\n`);
    return exitCodes.ok;
  }
  if (first === undefined || ["--help", "-h", "help"].includes(first)) return help(rest[0], first, io);
  const { command } = await loadCommand(first);
  if (wantsHelp(rest)) {
    io.out(commandHelp(command));
    return exitCodes.ok;
  }
  return command.run(readArgs(command, rest), io);
}

/** Nothing at all on the command line is not understood, but it deserves the whole help. */
async function help(topic: string | undefined, asked: string | undefined, io: Io): Promise<number> {
  if (topic !== undefined && asked === "help") io.out(commandHelp((await loadCommand(topic)).command));
  else if (asked === undefined) io.err(programHelp(await loadAll()));
  else io.out(programHelp(await loadAll()));
  return asked === undefined ? exitCodes.wrongInput : exitCodes.ok;
}

function loadCommand(name: string) {
  if (isCommandName(name)) return commands[name]();
  const hint = didYouMean(name, commandNames) || ` (commands: ${commandNames.join(", ")})`;
  throw new QueuewatchError("USAGE", `unknown command \`${name}\`${hint}`);
}

function wantsHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).some((word) => word === "--help" || word === "-h");
}

function isWrongInput({ code }: QueuewatchError): boolean {
  return code === "USAGE" || code.startsWith("CONFIG_");
}

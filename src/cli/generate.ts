import { QueuewatchError } from "../errors.ts";
import { configOption, type Args, type Command, type Io } from "./command.ts";

/** The generator is loaded only here: the agent does without it. */
async function run(args: Args, io: Io): Promise<number> {
  const { generate } = await import("../generate/generate.ts");
  const [what] = args.positionals;
  if (what === undefined)
    throw new QueuewatchError("USAGE", "say what to generate", { action: "See `queuewatch generate --help`." });
  return generate({ what, config: args.text("config"), output: args.text("output") }, io);
}

export const command: Command = {
  name: "generate",
  summary: "Make files from the catalogue and the config.",
  positional: { name: "WHAT", choices: ["schema"] },
  options: {
    ...configOption,
    output: { value: "PATH", help: "Where to write; default: standard output." },
  },
  examples: [["queuewatch generate schema > queuewatch.schema.json", "The config's JSON Schema, for editors."]],
  run,
};

import { QueuewatchError } from "../errors.ts";
import { configOption, type Args, type Command, type Io } from "./command.ts";

/** The generator is loaded only here: the agent does without it. */
async function run(args: Args, io: Io): Promise<number> {
  const { generate } = await import("../generate/generate.ts");
  const [what] = args.positionals;
  if (what === undefined)
    throw new QueuewatchError("USAGE", "say what to generate", { action: "See `queuewatch generate --help`." });
  return generate({ what, config: args.text("config"), out: args.text("out"), format: args.text("format") }, io);
}

export const command: Command = {
  name: "generate",
  summary: "Make files from the catalogue and the config.",
  positional: { name: "WHAT", choices: ["schema", "grafana"] },
  options: {
    ...configOption,
    out: { value: "PATH", help: "Where to write: a folder (grafana) or a file (schema; default: standard output)." },
    format: {
      value: "FORMAT",
      choices: ["classic", "v2"],
      help: "Of dashboards: classic for Grafana 11 to 13 (default), v2 for Grafana 13.",
    },
  },
  examples: [
    ["queuewatch generate grafana --config queuewatch.yaml --out grafana", "Dashboards and provisioning files."],
    ["queuewatch generate schema > queuewatch.schema.json", "The config's JSON Schema, for editors."],
  ],
  run,
};

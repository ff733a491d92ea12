import { usage } from "./args.ts";
import { configOption, type Args, type Command, type Io } from "./command.ts";

const outputs = ["schema", "grafana", "prometheus", "alertmanager", "datadog", "newrelic", "runbooks", "all"];

/** The generator is loaded only here: the agent does without it. */
async function run(args: Args, io: Io): Promise<number> {
  const { generate } = await import("../generate/generate.ts");
  const [what] = args.positionals;
  if (what === undefined) throw usage(command, `say what to generate: ${outputs.join(", ")}`);
  const policyTree = args.flag("policy-tree");
  const options = { what, config: args.text("config"), out: args.text("out"), format: args.text("format"), policyTree };
  return generate(options, io);
}

export const command: Command = {
  name: "generate",
  summary: "Make files from the catalogue and the config.",
  positional: {
    name: "WHAT",
    choices: outputs,
  },
  options: {
    ...configOption,
    out: { value: "PATH", help: "Where to write: a folder, or a file for the schema (default: standard output)." },
    "policy-tree": { help: "Grafana: write the whole notification policy tree, which replaces the present one." },
    format: {
      value: "FORMAT",
      choices: ["classic", "v2"],
      help: "Of dashboards: classic for Grafana 11 to 13 (default), v2 for Grafana 13.",
    },
  },
  examples: [
    [
      "queuewatch generate grafana --config queuewatch.yaml --out grafana",
      "Dashboards, alerts and provisioning files.",
    ],
    [
      "queuewatch generate all --config queuewatch.yaml --out monitoring",
      "Everything, with rules, routing and runbooks.",
    ],
    ["queuewatch generate schema > queuewatch.schema.json", "The config's JSON Schema, for editors."],
  ],
  run,
};

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Io } from "../cli/command.ts";
import { loadGeneratorConfig } from "../config/load.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import type { GeneratedFile } from "./generator.ts";
import { type DashboardFormat, dashboardFormats, generateDashboards } from "./grafana-dashboard.ts";
import { configJsonSchema } from "./json-schema.ts";

export interface GenerateOptions {
  readonly what: string;
  /** Path of the config file, as on the command line. */
  readonly config: string | undefined;
  /** Where to write: a file, or a folder for what has several; undefined: standard output, if it is one file. */
  readonly out: string | undefined;
  /** Of dashboards; default: classic. */
  readonly format: string | undefined;
}

/** Makes what is asked for; resolves with the exit code. */
export async function generate(options: GenerateOptions, io: Io): Promise<number> {
  switch (options.what) {
    case "schema":
      await deliver(`${JSON.stringify(configJsonSchema(), null, 2)}\n`, options.out, io);
      return 0;
    case "grafana":
      await deliverAll(await grafana(options, io), options.out, io);
      return 0;
    default:
      throw new QueuewatchError("USAGE", `cannot generate \`${options.what}\``);
  }
}

async function grafana({ config, format = "classic" }: GenerateOptions, io: Io): Promise<readonly GeneratedFile[]> {
  if (!isFormat(format)) throw new QueuewatchError("USAGE", `cannot make dashboards of format \`${format}\``);
  const interval = slowest(await loadGeneratorConfig({ file: config, env: io.env }));
  return generateDashboards({ interval, format });
}

function isFormat(format: string): format is DashboardFormat {
  return dashboardFormats.some((known) => known === format);
}

/** Seconds between two values of the target that is read the least often: rates need several values in their window. */
function slowest({ interval, targets }: GeneratorConfig): number {
  return Math.max(interval, ...targets.map((target) => target.interval ?? interval));
}

async function deliver(text: string, out: string | undefined, io: Io): Promise<void> {
  if (out === undefined) {
    io.out(text);
    return;
  }
  await write(out, text);
}

async function deliverAll(files: readonly GeneratedFile[], out: string | undefined, io: Io): Promise<void> {
  if (out === undefined)
    throw new QueuewatchError("USAGE", "say where to write", { action: "Name a folder with --out." });
  for (const { path, text } of files) await write(join(out, path), text);
  io.out(`${files.length} files in ${out}\n`);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

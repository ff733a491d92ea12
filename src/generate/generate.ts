import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Io } from "../cli/command.ts";
import type { AlertingConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { didYouMean } from "../config/suggest.ts";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";
import { alertingOutputs, generateAlerting, lockFile } from "./alerting.ts";
import { loadCheckedConfig } from "./checked-config.ts";
import { datadogByHand } from "./datadog-monitors.ts";
import type { GeneratedFile } from "./generator.ts";
import { type DashboardFormat, dashboardFormats, generateDashboards } from "./grafana-dashboard.ts";
import { newRelicByHand } from "./new-relic-conditions.ts";
import { neededSecrets } from "./secret-reference.ts";
import { configJsonSchema } from "./json-schema.ts";

export interface GenerateOptions {
  readonly what: string;
  /** Path of the config file, as on the command line. */
  readonly config: string | undefined;
  /** Where to write: a file, or a folder for what has several; undefined: standard output, if it is one file. */
  readonly out: string | undefined;
  /** Grafana: write the whole policy tree. */
  readonly policyTree: boolean;
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
      await deliverAll([...(await grafana(options, io)), ...(await alerting(options, io))], options.out, io);
      return 0;
    case "prometheus":
    case "alertmanager":
    case "datadog":
    case "newrelic":
    case "runbooks":
      await deliverAll(await alerting(options, io), options.out, io);
      return 0;
    case "all": {
      const dashboards = (await grafana(options, io)).map(({ path, text }) => ({ path: `grafana/${path}`, text }));
      await deliverAll([...dashboards, ...(await alerting(options, io))], options.out, io);
      return 0;
    }
    default:
      throw new QueuewatchError("USAGE", `cannot generate \`${options.what}\``);
  }
}

async function grafana({ config, format = "classic" }: GenerateOptions, io: Io): Promise<readonly GeneratedFile[]> {
  if (!isFormat(format)) throw new QueuewatchError("USAGE", `cannot make dashboards of format \`${format}\``);
  const loaded = await loadCheckedConfig({ file: config, env: io.env });
  return generateDashboards({ interval: slowest(loaded), format, thresholds: loaded.alerting.thresholds });
}

/** What is to be supplied, or set up by hand, where the outputs go: a line each. */
function leftToDo(outputs: readonly string[], { alerting: config, targets }: GeneratorConfig): string[] {
  const sends = outputs.includes("grafana") || outputs.includes("alertmanager");
  const secrets = sends ? neededSecrets(config) : [];
  const datadog = outputs.includes("datadog") ? datadogByHand(config) : [];
  const newRelic = outputs.includes("newrelic") ? newRelicByHand(config) : [];
  return [
    ...secrets.map(({ place, what }) => `${place} needs ${what}`),
    ...(sends ? unreached(config, targets) : []),
    ...datadog.map((sentence) => `Datadog: ${sentence}`),
    ...newRelic.map((sentence) => `New Relic: ${sentence}`),
  ];
}

/** Routes that lead nowhere, and those to which nothing leads. */
function unreached({ contacts, routes }: AlertingConfig, targets: GeneratorConfig["targets"]): string[] {
  const teams = [...new Set(targets.flatMap(({ queues }) => Object.values(queues).flatMap(({ team }) => team ?? [])))];
  const unknown = Object.keys(routes.teams).filter((team) => !teams.includes(team));
  const watchdog = Object.keys(contacts).length > 0 && routes.watchdog === undefined;
  return [
    ...unknown.map((team) => `alerting.routes.teams: no queue belongs to \`${team}\`${didYouMean(team, teams)}`),
    ...(watchdog ? ["alerting.routes.watchdog is not given: nobody notices when alarms cannot be sent"] : []),
  ];
}

/** Each output in a folder of its name; one alone stands in the folder that was named. */
async function alerting(options: GenerateOptions, io: Io): Promise<readonly GeneratedFile[]> {
  const { what, config, out, policyTree } = options;
  const loaded = await loadCheckedConfig({ file: config, env: io.env });
  const outputs = alertingOutputs.filter((output) => what === "all" || what === output);
  const place = (path: string): string => (what === "all" ? path : path.slice(what.length + 1));
  const follows = out !== undefined && outputs.includes("grafana");
  const lock = follows ? await readIfThere(join(out, place(lockFile))) : undefined;
  for (const line of leftToDo(outputs, loaded)) io.err(`${line}\n`);
  const files = generateAlerting(loaded, { outputs, policyTree, ...(lock === undefined ? {} : { lock }) });
  return files.map(({ path, text }) => ({ path: place(path), text }));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new QueuewatchError("OUTPUT_UNWRITABLE", `${path}: ${systemReason(error)}`, { cause: error });
  }
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
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    throw new QueuewatchError("OUTPUT_UNWRITABLE", `${path}: ${systemReason(error)}`, { cause: error });
  }
}

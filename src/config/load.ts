import { stat } from "node:fs/promises";
import type { RefinementCtx } from "zod";
import { QueuewatchError } from "../errors.ts";
import type { AlertingConfig } from "./alerting-schema.ts";
import { ConfigDocument, type Path, type Problem } from "./document.ts";
import { readEnvironment, type FromEnvironment } from "./environment.ts";
import { readConfigText } from "./file.ts";
import { refusal } from "./refusal.ts";
import { schemaProblems, type SchemaProblem } from "./problems.ts";
import type { Environment } from "./references.ts";
import { configSchema, generatorSchema, type Config, type GeneratorConfig, type TargetConfig } from "./schema.ts";
import { parseGeneratorTargets, parseTargets, targetsIn } from "./target-file.ts";
import { filePatterns, lookAtFiles } from "./target-files.ts";
import { settle, together, type FileTargets } from "./target-set.ts";

/** The file that is read when none is named, if there is one. */
const defaultFile = "queuewatch.yaml";

/** Says what is wrong with `alerting`, by paths from the top of the config. */
export type AlertingCheck = (alerting: AlertingConfig, context: RefinementCtx) => void;

/** What `loadConfig` goes by. */
export interface LoadOptions {
  /** Path from the command line; wins over QUEUEWATCH_CONFIG and the default file. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** Knows what the schema does not: which alerts there are. */
  readonly check?: AlertingCheck;
}

/** The config file alone: the files that its `target_files` name are not read. */
export interface OwnConfig {
  /** Undefined where there is none: the environment says everything. */
  readonly file: string | undefined;
  readonly text: string;
  readonly config: Config;
  /** Its own targets. */
  readonly own: FileTargets<TargetConfig>;
}

/**
 * The config of `check` and `snapshot`: from the file and those that it names, with their references resolved, and from
 * the environment. Throws a QueuewatchError CONFIG_*, whose message has one line for each problem.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { file, config, own } = await loadOwnConfig(options);
  const parse = (text: string, path: string) => parseTargets(text, path, options.env);
  return { ...config, targets: await allTargets(file, config.target_files, { own, parse }) };
}

/** The same without the files that `target_files` names: for whoever has nothing to do with targets. */
export async function loadOwnConfig({ file: named, ...options }: LoadOptions): Promise<OwnConfig> {
  const found = await readConfigFile(named, options.env);
  if (!found && (options.env["REDIS_URL"] ?? "") === "")
    throw new QueuewatchError("CONFIG_UNREADABLE", `there is no ${defaultFile} here, and REDIS_URL is not set`, {
      action: "Set REDIS_URL, or name a config file with --config.",
    });
  const text = found?.text ?? "{}";
  return { file: found?.file, text, ...parseOwnConfig(text, { file: found?.file ?? "environment", ...options }) };
}

/** The config as the generator sees it: no environment is read. Defaults when there is no file. */
export async function loadGeneratorConfig({ file, env, check }: LoadOptions): Promise<GeneratorConfig> {
  const found = await readConfigFile(file, env);
  const { config, own } = parseOwnGeneratorConfig(found?.text ?? "{}", found?.file ?? defaultFile, check);
  const targets = await allTargets(found?.file, config.target_files, { own, parse: parseGeneratorTargets });
  return { ...config, targets };
}

/** Parses the text of a config file; `file` is what it is called in messages. */
export function parseConfig(text: string, options: { file: string; env: Environment }): Config {
  return parseOwnConfig(text, options).config;
}

/** The same, with the places of its targets. */
export function parseOwnConfig(
  text: string,
  { file, env, check = () => undefined }: LoadOptions & { readonly file: string },
): Pick<OwnConfig, "config" | "own"> {
  const document = new ConfigDocument(text, file);
  const unresolved = document.resolve(env, ["alerting"]);
  const { settings, said } = readEnvironment(env);
  if (document.has(["target_files"])) delete settings["targets"];
  const schema = configSchema.superRefine(({ alerting }, context) => check(alerting, context));
  const outcome = schema.safeParse(withDefaults(document.toValue() ?? {}, settings), { reportInput: true });
  const problems = outcome.success ? [] : schemaProblems(outcome.error, schema);
  if (!outcome.success || unresolved.length > 0)
    throw refusal(document, { unresolved, ...sorted(problems, document, said) });
  return { config: outcome.data, own: ownTargets(outcome.data.targets, document) };
}

/**
 * Parses the text of a config file for the generator. References are never resolved: those under `alerting` stay as they
 * are written, of others the default counts.
 */
export function parseGeneratorConfig(text: string, file: string, check?: AlertingCheck): GeneratorConfig {
  return parseOwnGeneratorConfig(text, file, check).config;
}

function parseOwnGeneratorConfig(text: string, file: string, check: AlertingCheck = () => undefined) {
  const document = new ConfigDocument(text, file);
  document.resolve({}, ["alerting"]);
  const schema = generatorSchema.superRefine(({ alerting }, context) => check(alerting, context));
  const outcome = schema.safeParse(document.toValue() ?? {}, { reportInput: true });
  if (outcome.success) return { config: outcome.data, own: ownTargets(outcome.data.targets, document) };
  throw refusal(document, { unresolved: [], ...sorted(schemaProblems(outcome.error, schema), document, []) });
}

/** A target that the file does not name is the environment's. */
function ownTargets<T>(targets: readonly T[], document: ConfigDocument): FileTargets<T> {
  const place = (index: number): string =>
    document.has(["targets"]) ? document.place(["targets", index, "name"]) : "REDIS_URL";
  return { targets, places: targets.map((_, index) => place(index)) };
}

interface TargetReading<T> {
  readonly own: FileTargets<T>;
  readonly parse: (text: string, file: string) => FileTargets<T>;
}

/** The targets of a config and of all files that it names. Throws what is wrong in any of them. */
async function allTargets<T extends { readonly name: string }>(
  config: string | undefined,
  patterns: readonly string[],
  { own, parse }: TargetReading<T>,
): Promise<T[]> {
  const look = config === undefined ? [] : await lookAtFiles(filePatterns(patterns, config));
  const { inForce, refused } = settle<T>([
    { file: config ?? "", wanted: own, inForce: undefined },
    ...[...look].map(([file, content]) => ({ file, wanted: targetsIn(content, file, parse), inForce: undefined })),
  ]);
  if (refused.size > 0) throw together([...refused.values()]);
  return [...inForce.values()].flatMap(({ targets }) => targets);
}

/** Problems of the file, and those of settings that variables of the environment gave. */
function sorted(
  problems: readonly SchemaProblem[],
  document: ConfigDocument,
  said: FromEnvironment["said"],
): { settings: Problem[]; elsewhere: string[] } {
  const variableOf = (path: Path): string | undefined =>
    document.has(path)
      ? undefined
      : said.find((entry) => entry.path.every((step, index) => path[index] === step))?.variable;
  const elsewhere = problems.flatMap(({ path, message }) => {
    const variable = variableOf(path);
    return variable === undefined ? [] : [`${variable}: ${message}`];
  });
  const settings = problems
    .filter(({ path }) => variableOf(path) === undefined)
    .map(({ path, key, message }) => ({ path, message, offset: document.offsetOf(path, key) }));
  return { settings, elsewhere };
}

/** What the file does not say is taken from the defaults, key by key; lists are one thing. */
function withDefaults(file: unknown, defaults: unknown): unknown {
  if (file === undefined) return defaults;
  if (!isMapping(file) || !isMapping(defaults)) return file;
  const merged: Record<string, unknown> = { ...file };
  for (const [key, value] of Object.entries(defaults)) merged[key] = withDefaults(file[key], value);
  return merged;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readConfigFile(
  named: string | undefined,
  env: Environment,
): Promise<{ file: string; text: string } | undefined> {
  const chosen = named ?? (env["QUEUEWATCH_CONFIG"] || undefined);
  const file = chosen ?? defaultFile;
  if (chosen === undefined && (await isMissing(file))) return undefined;
  return { file, text: await readConfigText(file) };
}

async function isMissing(file: string): Promise<boolean> {
  try {
    await stat(file);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

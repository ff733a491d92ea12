import { open } from "node:fs/promises";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";
import { ConfigDocument, type Path } from "./document.ts";
import { readEnvironment, type FromEnvironment } from "./environment.ts";
import { schemaProblems, type SchemaProblem } from "./problems.ts";
import type { Environment } from "./references.ts";
import { configSchema, generatorSchema, type Config, type GeneratorConfig } from "./schema.ts";

/** The file that is read when none is named, if there is one. */
const defaultFile = "queuewatch.yaml";
const maxBytes = 1024 ** 2;

/** What `loadConfig` goes by. */
export interface LoadOptions {
  /** Path from the command line; wins over QUEUEWATCH_CONFIG and the default file. */
  readonly file?: string | undefined;
  readonly env: Environment;
}

/**
 * The config of `run`, `check` and `snapshot`: from the file with its references resolved, and from the environment.
 * Throws a QueuewatchError CONFIG_*, whose message has one line for each problem.
 */
export async function loadConfig({ file, env }: LoadOptions): Promise<Config> {
  const found = await readConfigFile(file, env);
  if (!found && (env["REDIS_URL"] ?? "") === "")
    throw new QueuewatchError("CONFIG_UNREADABLE", `there is no ${defaultFile} here, and REDIS_URL is not set`, {
      action: "Set REDIS_URL, or name a config file with --config.",
    });
  return parseConfig(found?.text ?? "{}", { file: found?.file ?? "environment", env });
}

/** The config as the generator sees it: no environment is read. Defaults when there is no file. */
export async function loadGeneratorConfig({ file, env }: LoadOptions): Promise<GeneratorConfig> {
  const found = await readConfigFile(file, env);
  return parseGeneratorConfig(found?.text ?? "{}", found?.file ?? defaultFile);
}

/** Parses the text of a config file; `file` is what it is called in messages. */
export function parseConfig(text: string, { file, env }: { file: string; env: Environment }): Config {
  const document = new ConfigDocument(text, file);
  const unresolved = document.resolve(env, ["alerting"]);
  if (unresolved.length > 0) throw new QueuewatchError("CONFIG_REFERENCE", document.describe(unresolved));
  const { settings, said } = readEnvironment(env);
  const outcome = configSchema.safeParse(withDefaults(document.toValue() ?? {}, settings), { reportInput: true });
  if (outcome.success) return outcome.data;
  throw invalid(document, schemaProblems(outcome.error, configSchema), said);
}

/**
 * Parses the text of a config file for the generator. References are never resolved: those under `alerting` stay as they
 * are written, of others the default counts.
 */
export function parseGeneratorConfig(text: string, file: string): GeneratorConfig {
  const document = new ConfigDocument(text, file);
  document.resolve({}, ["alerting"]);
  const outcome = generatorSchema.safeParse(document.toValue() ?? {}, { reportInput: true });
  if (outcome.success) return outcome.data;
  throw invalid(document, schemaProblems(outcome.error, generatorSchema), []);
}

function invalid(
  document: ConfigDocument,
  problems: readonly SchemaProblem[],
  said: FromEnvironment["said"],
): QueuewatchError {
  const variableOf = (path: Path): string | undefined =>
    document.has(path)
      ? undefined
      : said.find((entry) => entry.path.every((step, index) => path[index] === step))?.variable;
  const lines = problems.flatMap(({ path, message }) => {
    const variable = variableOf(path);
    return variable === undefined ? [] : [`${variable}: ${message}`];
  });
  const located = problems
    .filter(({ path }) => variableOf(path) === undefined)
    .map(({ path, key, message }) => ({ path, message, offset: document.offsetOf(path, key) }));
  if (located.length > 0) lines.push(document.describe(located));
  return new QueuewatchError("CONFIG_INVALID", lines.join("\n"));
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
  try {
    return { file, text: await readText(file) };
  } catch (error) {
    if (chosen === undefined && isMissing(error)) return undefined;
    if (error instanceof QueuewatchError) throw error;
    throw new QueuewatchError("CONFIG_UNREADABLE", `${file}: ${systemReason(error)}`, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** At most a MiB is read, whatever stands there: a pipe is fine, a disk image is not. */
async function readText(file: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  const handle = await open(file, "r");
  let size = 0;
  for await (const chunk of handle.createReadStream({ highWaterMark: 65_536 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > maxBytes) throw new QueuewatchError("CONFIG_UNREADABLE", `${file} is larger than 1 MiB: no config file`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new QueuewatchError("CONFIG_SYNTAX", `${file}: is not UTF-8 text`);
  }
}

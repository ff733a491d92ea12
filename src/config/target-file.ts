import type * as z from "zod";
import { asQueuewatchError, QueuewatchError } from "../errors.ts";
import { ConfigDocument, type Problem } from "./document.ts";
import { schemaProblems } from "./problems.ts";
import { refusal } from "./refusal.ts";
import type { Environment } from "./references.ts";
import { generatorTargetsSchema, targetsSchema, type GeneratorConfig, type TargetConfig } from "./schema.ts";
import type { Content } from "./target-files.ts";
import type { FileTargets } from "./target-set.ts";

type GeneratorTarget = GeneratorConfig["targets"][number];

/** The targets of a file that `target_files` names: a list of them, or one. Throws CONFIG_SYNTAX, _REFERENCE, _INVALID. */
export function parseTargets(text: string, file: string, env: Environment): FileTargets<TargetConfig> {
  const document = new ConfigDocument(text, file);
  const unresolved = document.resolve(env);
  return targetsOf(document, targetsSchema, unresolved);
}

/** The same as the generator sees them: references are not resolved, how Redis is reached does not matter. */
export function parseGeneratorTargets(text: string, file: string): FileTargets<GeneratorTarget> {
  const document = new ConfigDocument(text, file);
  document.resolve({});
  return targetsOf(document, generatorTargetsSchema, []);
}

/** What a file's content gives: its targets, or what is wrong. */
export function targetsIn<T>(
  content: Content,
  file: string,
  parse: (text: string, file: string) => FileTargets<T>,
): FileTargets<T> | QueuewatchError {
  if (content instanceof QueuewatchError) return content;
  try {
    return parse(content, file);
  } catch (error) {
    return asQueuewatchError(error);
  }
}

function targetsOf<T>(
  document: ConfigDocument,
  schema: z.ZodType<T[]>,
  unresolved: readonly Problem[],
): FileTargets<T> {
  const value = document.toValue();
  const isList = Array.isArray(value);
  if (typeof value !== "object" || value === null) {
    const message = "expected a list of targets, or one target (`[]` for none)";
    throw new QueuewatchError("CONFIG_INVALID", document.describe([{ path: [], offset: 0, message }]));
  }
  const outcome = schema.safeParse(isList ? value : [value], { reportInput: true });
  if (outcome.success && unresolved.length === 0) {
    const places = outcome.data.map((_, index) => document.place(isList ? [index, "name"] : ["name"]));
    return { targets: outcome.data, places };
  }
  const problems = outcome.success ? [] : schemaProblems(outcome.error, schema);
  const settings = problems.map(({ path: whole, key, message }) => {
    const path = isList ? whole : whole.slice(1);
    return { path, message, offset: document.offsetOf(path, key) };
  });
  throw refusal(document, { unresolved, settings });
}

import * as z from "zod";
import type { Path } from "./document.ts";
import { didYouMean } from "./suggest.ts";

/** One thing that the schema finds wrong; `key` when it is about a key of the object at `path`. */
export interface SchemaProblem {
  readonly path: Path;
  readonly key?: string;
  readonly message: string;
}

/**
 * What the schema found, in words for whoever wrote the config; never a value, since it may be a secret in a wrong place.
 * The error must come from a parse with `reportInput`: what is missing is told by it.
 */
export function schemaProblems(error: z.core.$ZodError, schema: z.ZodType): SchemaProblem[] {
  const known = keysOf(schema);
  const problems = error.issues.flatMap((issue) => flatten(issue, known));
  const seen = new Set<string>();
  return problems.filter(({ path, key }) => {
    const place = JSON.stringify([path, key]);
    return !seen.has(place) && seen.add(place);
  });
}

function flatten(issue: z.core.$ZodIssue, known: KnownKeys): SchemaProblem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path, key, message: unknownKey(key, path, known) }));
  if (issue.code === "invalid_union") return unionProblems(issue, known);
  if (issue.code === "invalid_key")
    return [{ path, message: issue.issues[0]?.message ?? "is not a name allowed here" }];
  return [{ path, message: wording(issue) }];
}

/** Of a value that may have several forms: what is wrong with the form that it was meant to have. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, known: KnownKeys): SchemaProblem[] {
  const meant = issue.errors.find((issues) => !issues.some(isWrongForm));
  if (meant) return meant.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }, known));
  if (issue.input === undefined && issue.message === "Invalid input")
    return [{ path: issue.path, message: "is missing" }];
  const forms = issue.errors.flatMap((issues) => issues.filter(isWrongForm).map(expected));
  const message = issue.message === "Invalid input" ? `expected ${[...new Set(forms)].join(" or ")}` : issue.message;
  return [{ path: issue.path, message }];
}

function isWrongForm(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return issue.values.map(String).join(" or ");
  return issue.code === "invalid_type" ? (forms[issue.expected] ?? issue.expected) : "another value";
}

/** What YAML calls the types. */
const forms: Record<string, string> = {
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") {
    if (issue.input === undefined) return "is missing";
    return `expected ${expected(issue)}`;
  }
  if (issue.code === "invalid_value") {
    if (!issue.message.startsWith("Invalid ")) return issue.message;
    const values = issue.values.map(String);
    const meant = typeof issue.input === "string" ? didYouMean(issue.input, values) : "";
    return `expected ${values.join(", ").replace(/, (?=[^,]*$)/, " or ")}${meant}`;
  }
  if (issue.code === "too_small" && issue.message.startsWith("Too small")) return "is empty";
  return issue.message;
}

function unknownKey(key: string, path: Path, known: KnownKeys): string {
  const near = didYouMean(key, known.at(path));
  if (near !== "") return `unknown setting \`${key}\`${near}`;
  const [elsewhere, ...more] = known.placesOf(key);
  if (elsewhere !== undefined && more.length === 0)
    return `unknown setting \`${key}\` here (it belongs to \`${elsewhere}\`)`;
  return `unknown setting \`${key}\` (known here: ${known.at(path).join(", ")})`;
}

interface KnownKeys {
  /** Keys that the object at a path may have. */
  at(path: Path): string[];
  /** Paths of the objects that may have the key. */
  placesOf(key: string): string[];
}

type JsonSchema = z.core.JSONSchema._JSONSchema;

/** The schema's JSON form knows every key at every place. */
function keysOf(schema: z.ZodType): KnownKeys {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return {
    at: (path) => objectsAt([root], path).flatMap((node) => Object.keys(node.properties ?? {})),
    placesOf: (key) => places(root, key, ""),
  };
}

function variants(node: JsonSchema | undefined): z.core.JSONSchema.JSONSchema[] {
  return typeof node === "object" ? [node, ...(node.anyOf ?? []).flatMap(variants)] : [];
}

function objectsAt(nodes: readonly JsonSchema[], path: Path): z.core.JSONSchema.JSONSchema[] {
  const here = nodes.flatMap(variants);
  const [step, ...rest] = path;
  if (step === undefined) return here;
  const below = here.map((node) =>
    typeof step === "number"
      ? Array.isArray(node.items)
        ? undefined
        : node.items
      : (node.properties?.[String(step)] ?? node.additionalProperties),
  );
  return objectsAt(
    below.filter((node) => node !== undefined),
    rest,
  );
}

function places(node: JsonSchema, key: string, path: string): string[] {
  return variants(node).flatMap((variant) => [
    ...(path !== "" && Object.hasOwn(variant.properties ?? {}, key) ? [path] : []),
    ...Object.entries(variant.properties ?? {}).flatMap(([name, below]) =>
      places(below, key, path === "" ? name : `${path}.${name}`),
    ),
    ...(typeof variant.items === "object" && !Array.isArray(variant.items)
      ? places(variant.items, key, `${path}[]`)
      : []),
  ]);
}

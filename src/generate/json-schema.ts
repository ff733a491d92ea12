import * as z from "zod";
import { configSchema } from "../config/schema.ts";

type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The config's JSON Schema (draft 2020-12) for editors. Wherever a scalar is expected, a text with a reference
 * (`"${NAME}"`) is good too: what it stands for is only known when the agent starts.
 */
export function configJsonSchema(): Schema {
  const schema = z.toJSONSchema(configSchema, { io: "input", override: ({ jsonSchema }) => adapt(jsonSchema) });
  return {
    ...schema,
    title: "queuewatch.yaml",
    anyOf: [{ required: ["targets"] }, { required: ["target_files"] }],
    $defs: { reference: { type: "string", pattern: "\\$\\{", description: "A reference to an environment variable." } },
  };
}

/** Children come before their parents: an alternative is looked at before the choice that holds it. */
function adapt(schema: Schema): void {
  if (schema.type === "integer") {
    // The bounds of safe integers say nothing to people.
    delete schema.minimum;
    delete schema.maximum;
  }
  for (const key of ["items", "additionalProperties"] as const) {
    const below = schema[key];
    if (typeof below === "object" && !Array.isArray(below)) allowReference(below);
  }
  for (const below of Object.values(schema.properties ?? {})) if (typeof below === "object") allowReference(below);
}

function allowReference(schema: Schema): void {
  const reference = { $ref: "#/$defs/reference" };
  if (schema.anyOf) {
    if (schema.anyOf.every(isScalar)) schema.anyOf = [...schema.anyOf, reference];
    return;
  }
  if (!isScalar(schema) || !isConstrained(schema)) return;
  const constraint: Schema = {};
  for (const key of Object.keys(schema)) {
    if (key === "description" || key === "default") continue;
    Reflect.set(constraint, key, schema[key]);
    Reflect.deleteProperty(schema, key);
  }
  schema.anyOf = [constraint, reference];
}

function isScalar(schema: Schema | boolean): boolean {
  return typeof schema === "object" && ["string", "number", "integer", "boolean"].includes(String(schema.type));
}

/** A plain text takes a reference as it is. */
function isConstrained(schema: Schema): boolean {
  return schema.type !== "string" || ["pattern", "format", "enum", "const"].some((key) => key in schema);
}

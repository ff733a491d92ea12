import type * as z from "zod";
import { configJsonSchema } from "./json-schema.ts";
import { table } from "./markdown.ts";

type Schema = z.core.JSONSchema.JSONSchema;

interface Setting {
  readonly path: string;
  readonly kind: string;
  readonly byDefault: string;
  readonly help: string;
}

/** A table of all settings, from the same schema that checks them. */
export function configReference(): string {
  const rows = settingsOf(configJsonSchema(), "");
  return table(
    ["Setting", "Value", "Default", "Meaning"],
    rows.map(({ path, kind, byDefault, help }) => [`\`${path}\``, kind, byDefault, help]),
  );
}

function settingsOf(schema: Schema, path: string): Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, below]) =>
    typeof below === "object" ? settingOf(below, path === "" ? name : `${path}.${name}`) : [],
  );
}

function settingOf(schema: Schema, path: string): Setting[] {
  const { item, list } = itemOf(schema);
  const place = list ? `${path}[]` : path;
  const below = [...settingsOf(item, place), ...(item.anyOf ?? []).flatMap((variant) => settingsOf(variant, place))];
  const entries = typeof item.additionalProperties === "object" ? item.additionalProperties : undefined;
  if (entries) below.push(...settingsOf(entries, `${place}.NAME`));
  const help = schema.description ?? "";
  if (below.length > 0 && help === "") return below;
  const kind = below.length > 0 ? "" : kindOf(item, entries);
  return [{ path: place, kind, byDefault: defaultOf(schema), help }, ...below];
}

function itemOf(schema: Schema): { item: Schema; list: boolean } {
  const { items } = schema;
  return typeof items === "object" && !Array.isArray(items)
    ? { item: items, list: true }
    : { item: schema, list: false };
}

function kindOf(schema: Schema, entries: Schema | undefined): string {
  if (entries) return entries.type === "string" || entries.title !== undefined ? "texts by name" : "mapping";
  return schema.title ?? choicesOf(schema) ?? formOf(schema);
}

function choicesOf(schema: Schema): string | undefined {
  const values = schema.enum ?? ("const" in schema ? [schema.const] : undefined);
  if (values) return values.map((value) => `\`${String(value)}\``).join(", ");
  const variants = schema.anyOf?.filter(({ $ref }) => $ref === undefined);
  const kinds = variants?.map((variant) => kindOf(variant, undefined));
  return kinds && [...new Set(kinds)].join(" or ");
}

function formOf(schema: Schema): string {
  if (schema.format === "uri") return "URL";
  return schema.type === "string" ? "text" : "mapping";
}

function defaultOf({ default: value }: Schema): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? `\`${value}\`` : "";
}

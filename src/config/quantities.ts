import * as z from "zod";
import { Secret } from "./secret.ts";

/** The kinds of values that settings have: how each is written in the config, and what it is inside. */

const durationUnits: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };
const durationText = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** Seconds of `1h30m`, `250ms`; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!durationText.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * (durationUnits[unit ?? ""] ?? 0), 0);
}

const durationWanted = "expected a duration: 10s, 1m30s, 500ms, or seconds";
const longest = 366 * 86_400;

/** A duration, in seconds inside: more than nothing, at most a year. */
export const duration = z
  .union([z.number(), z.string().regex(durationText, durationWanted)], { error: durationWanted })
  .transform((value) => (typeof value === "number" ? value : (parseDuration(value) ?? 0)))
  .refine((seconds) => seconds > 0 && seconds <= longest, { error: "expected a duration above 0 and up to 366d" })
  .meta({ title: "duration", description: "A duration: `10s`, `1m30s`, `500ms`, or seconds." });

const byteUnits: Record<string, number> = { "": 1, k: 1e3, M: 1e6, G: 1e9, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

const bytesWanted = "expected a size: 16MiB, 500kB, or bytes";

/** A size, in bytes inside. */
export const bytes = z
  .union([z.int(), z.string().regex(/^\d+(?:k|M|G|Ki|Mi|Gi)?B?$/, bytesWanted)], { error: bytesWanted })
  .transform((value) => {
    if (typeof value === "number") return value;
    const [, number, unit] = /^(\d+)(.*?)B?$/.exec(value) ?? [];
    return Number(number) * (byteUnits[unit ?? ""] ?? 1);
  })
  .refine((size) => size > 0 && Number.isSafeInteger(size), { error: "expected a size above 0" })
  .meta({ title: "size", description: "A size: `16MiB`, `500kB`, or bytes." });

const integerWanted = "expected a whole number";

/** A whole number; digits in a string are taken too, since a reference (`"${NAME}"`) gives a string. */
export const integer = (min: number) =>
  z
    .union([z.int(), z.string().regex(/^\d+$/, integerWanted).transform(Number)], { error: integerWanted })
    .refine((value) => Number.isSafeInteger(value) && value >= min, { error: `expected a whole number from ${min} up` })
    .meta({ title: "whole number", description: `A whole number from ${min} up.` });

/** True or false, as a string too. */
export const flag = z
  .union([z.boolean(), z.enum(["true", "false"])], { error: "expected true or false" })
  .transform((value) => value === true || value === "true")
  .meta({ title: "true or false" });

/** A text that is never shown. */
export const secret = z
  .string()
  .min(1, "is empty")
  .transform((text) => new Secret(text))
  .meta({ title: "secret", description: "A secret; better given by reference or by its `_file` twin." });

export const file = z
  .string()
  .min(1, "expected the path of a file")
  .meta({ title: "path", description: "Path of a file." });

/** `host:port`, an IPv6 address in brackets. */
export const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d+$/, "expected host:port")
  .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535, { error: "expected a port up to 65535" })
  .meta({ title: "host:port" });

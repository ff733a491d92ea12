import { createHmac } from "node:crypto";
import type { NamePolicy } from "../config/schema.ts";
import { compileGlob } from "../config/glob.ts";
import { exportedName } from "../self/printable.ts";
import { other } from "./places.ts";

const foldable: Record<NamePolicy["fold"][number], RegExp> = {
  uuid: /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi,
  // Long runs only, with a digit in them: `feed` and `cafe` are words.
  hex: /\b(?=[a-f]*\d)[0-9a-f]{16,}\b/gi,
  number: /\d+/g,
};
const maxCached = 20_000;
const hashLength = 12;

/** A name as it may leave the agent; undefined where the policy drops it. */
export type NameMap = (raw: string) => string | undefined;

/**
 * Makes exported names of raw ones: cut and made printable, folded by pattern, masked, kept or dropped, in this order:
 * what is dropped or kept is decided by the folded name, so that one glob covers `mailers-<uuid>`.
 */
export function nameMap(policy: NamePolicy, maskKey: string): NameMap {
  const keep = policy.keep?.map(compileGlob);
  const drop = policy.drop?.map(compileGlob) ?? [];
  const masks = policy.mask.map(({ match, replace }) => ({ glob: compileGlob(match), replace }));
  const exported = (raw: string): string | undefined => {
    const name = policy.fold.reduce((text, kind) => text.replace(foldable[kind], "*"), exportedName(raw));
    if (drop.some((glob) => glob.matches(name))) return undefined;
    const mask = masks.find(({ glob }) => glob.matches(name));
    if (mask) return mask.replace ?? keyedHash(name, maskKey);
    return keep === undefined || keep.some((glob) => glob.matches(name)) ? name : other;
  };
  return cached(exported);
}

function keyedHash(name: string, maskKey: string): string {
  return `#${createHmac("sha256", maskKey).update(name).digest("hex").slice(0, hashLength)}`;
}

function cached(map: NameMap): NameMap {
  const known = new Map<string, string | undefined>();
  return (raw) => {
    if (known.has(raw)) return known.get(raw);
    const name = map(raw);
    // A name of megabytes must not stay in memory for the sake of speed.
    if (raw.length > 1_000) return name;
    if (known.size >= maxCached) known.clear();
    known.set(raw, name);
    return name;
  };
}

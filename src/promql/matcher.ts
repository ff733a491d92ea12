import type { LabelMatcher } from "./node.ts";
import { labelName } from "./source.ts";

/** What a label has to be: a text stands for equality. */
export type Matcher = string | Readonly<Omit<LabelMatcher, "label">>;

/** Matchers by label; only labels that the source has. Several for one label must all hold. */
export type Matchers<L extends string> = { readonly [K in L]?: Matcher | readonly Matcher[] };

/** Any value but this one. `not("")` asks that the label is there. */
export function not(value: string): Matcher {
  return { operator: "!=", value };
}

/** A regular expression (RE2) that has to match the whole value. */
export function matches(regex: string): Matcher {
  return { operator: "=~", value: regex };
}

/** A regular expression (RE2) that must not match the whole value. */
export function matchesNot(regex: string): Matcher {
  return { operator: "!~", value: regex };
}

/** One of these values, taken literally. */
export function anyOf(values: readonly string[]): Matcher {
  return matches(values.map(escapeRegex).join("|"));
}

/** None of these values, taken literally. */
export function noneOf(values: readonly string[]): Matcher {
  return matchesNot(values.map(escapeRegex).join("|"));
}

/** What a dashboard variable holds: one value, several or all. Grafana escapes the values. */
export function variable(name: string): Matcher {
  return matches(`$${name}`);
}

/** Text in which no character has a special meaning for RE2. */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** @internal In the order in which they were given. */
export function labelMatchers(
  matchers: Readonly<Record<string, Matcher | readonly Matcher[] | undefined>>,
): LabelMatcher[] {
  return Object.entries(matchers).flatMap(([name, given]) =>
    asList(given).map((matcher) => {
      const label = labelName(name);
      return typeof matcher === "string" ? { label, operator: "=" as const, value: matcher } : { label, ...matcher };
    }),
  );
}

function asList(given: Matcher | readonly Matcher[] | undefined): readonly Matcher[] {
  if (given === undefined) return [];
  return typeof given === "string" || !isList(given) ? [given] : given;
}

function isList(given: Matcher | readonly Matcher[]): given is readonly Matcher[] {
  return Array.isArray(given);
}

/** Key patterns as Redis ACLs write them: `*`, `?`, `[a-f]`, `[^a]`, and `\` before a character that stands for itself. */

type Token =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "class"; readonly text: string }
  | { readonly kind: "literal"; readonly text: string };

function tokensOf(pattern: string): Token[] {
  return (pattern.match(/\\[^]|\*+|\?|\[(?:\\[^]|[^\]\\])*\]|[^]/gu) ?? []).map(tokenOf);
}

function tokenOf(part: string): Token {
  if (part.startsWith("*")) return { kind: "any" };
  if (part === "?") return { kind: "one" };
  if (part.length > 1 && part.startsWith("[")) return { kind: "class", text: part };
  return { kind: "literal", text: part.length > 1 && part.startsWith("\\") ? part.slice(1) : part };
}

/** Whether a key matches a pattern. Source: redis 7.0 src/util.c, stringmatchlen. */
export function matchesKey(pattern: string, key: string): boolean {
  const source = tokensOf(pattern).map((token) => {
    if (token.kind === "any") return "[^]*";
    if (token.kind === "one") return "[^]";
    if (token.kind === "class") return token.text;
    return token.text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source.join("")}$`).test(key);
}

/** Some key that matches the pattern: `*` and `?` become `text`'s, a class its first character. */
export function sampleKey(pattern: string, text: string): string {
  const parts = tokensOf(pattern).map((token) => {
    if (token.kind === "any") return text;
    if (token.kind === "one") return text.slice(0, 1);
    return token.kind === "class" ? token.text.slice(1, 2) : token.text;
  });
  return parts.join("");
}

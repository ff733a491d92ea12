/** Whether names match a pattern as Redis writes them: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, and `\` before a plain character. */
export function globMatcher(pattern: string): (name: string) => boolean {
  // More stars in a row mean no more than one, but would take a regular expression very long.
  const part = /\*+|\?|\[\^?(?:\\.|[^\\\]])*\]|\\.|./gsu;
  const source = [...pattern.matchAll(part)].map(([text]) => translated(text)).join("");
  const expression = new RegExp(`^${source}$`, "su");
  return (name) => expression.test(name);
}

function translated(part: string): string {
  if (part.startsWith("*")) return ".*";
  if (part === "?") return ".";
  if (part.length > 1 && part.startsWith("[")) return classOf(part);
  return literal(part.length > 1 && part.startsWith("\\") ? part.slice(1) : part);
}

function classOf(part: string): string {
  const negated = part.startsWith("[^");
  const inside = part.slice(negated ? 2 : 1, -1).replace(/\\(.)/gsu, "$1");
  if (inside === "") return negated ? "." : "(?!)";
  const members = inside.replace(/(.)-(.)|(.)/gsu, (_, from?: string, to?: string, one?: string) => {
    const [low = "", high = ""] = [from ?? one ?? "", to ?? one ?? ""].toSorted();
    return `${escaped(low)}-${escaped(high)}`;
  });
  return `[${negated ? "^" : ""}${members}]`;
}

const literal = (character: string): string => `(?:${escaped(character)})`;

/** A character as its code, which no place of a regular expression understands otherwise. */
const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

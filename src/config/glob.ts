/**
 * Patterns for names of queues and classes, everywhere in the config: `*` is any text, `?` any one character, a backslash
 * takes the next character as it is; all else is literal, and the whole name must match.
 */
export interface Glob {
  readonly source: string;
  /** The only name that it matches; undefined for a pattern. */
  readonly literal: string | undefined;
  matches(name: string): boolean;
}

const anyText = Symbol("*");
const anyCharacter = Symbol("?");
type Token = string | typeof anyText | typeof anyCharacter;

/** Compiles a pattern. Matching takes at most the name's length times the pattern's, whatever stands in them. */
export function compileGlob(source: string): Glob {
  const tokens = tokenize(source);
  const literal = tokens.every((token) => typeof token === "string") ? tokens.join("") : undefined;
  if (literal !== undefined) return { source, literal, matches: (name) => name === literal };
  return { source, literal, matches: (name) => matchTokens(tokens, Array.from(name)) };
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let escaped = false;
  for (const character of source) {
    if (character === "\\" && !escaped) {
      escaped = true;
      continue;
    }
    if (!escaped && character === "*") tokens.push(anyText);
    else if (!escaped && character === "?") tokens.push(anyCharacter);
    else tokens.push(character);
    escaped = false;
  }
  // A backslash at the end has nothing to escape: it stands for itself.
  return escaped ? [...tokens, "\\"] : tokens;
}

/** Greedy with one step back to the last `*`: that is enough, since an earlier `*` could only take less. */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    if (tokens[token] === anyText) {
      star = token++;
      starAt = at;
    } else if (tokens[token] === anyCharacter || tokens[token] === name[at]) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === anyText) token++;
  return token === tokens.length;
}

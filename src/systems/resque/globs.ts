/**
 * Tells which queues a worker serves. Resque lets a worker name queues by File.fnmatch patterns (`*`, `mail*`, `q?`,
 * `[ab]`) and leave some out (`!x`); a name without wildcards stands for itself.
 * Source: resque lib/resque/worker.rb, `queues` and `glob_match` (2.x, 3.0).
 */
export class QueueMatcher {
  readonly #queues: readonly string[];
  readonly #byPattern = new Map<string, ReadonlySet<string>>();

  constructor(queues: readonly string[]) {
    this.#queues = queues;
  }

  /** The queues that a worker with these names and patterns serves, among those that exist. */
  served(patterns: readonly string[]): string[] {
    const skipped = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
    const matched = new Set(
      patterns.filter((pattern) => !pattern.startsWith("!")).flatMap((one) => [...this.#match(one)]),
    );
    for (const pattern of skipped) for (const queue of this.#match(pattern)) matched.delete(queue);
    return [...matched];
  }

  #match(pattern: string): ReadonlySet<string> {
    const known = this.#byPattern.get(pattern);
    if (known) return known;
    const matching = matches(pattern);
    const queues = matching ? new Set(this.#queues.filter(matching)) : new Set([pattern]);
    if (this.#byPattern.size < 10_000) this.#byPattern.set(pattern, queues);
    return queues;
  }
}

/** A test for the pattern; undefined where it has no wildcards. */
function matches(pattern: string): ((queue: string) => boolean) | undefined {
  if (!/[*?[\]{}]/.test(pattern)) return undefined;
  const tokens = tokensOf(pattern);
  return (queue) => !(queue.startsWith(".") && !pattern.startsWith(".")) && matchTokens(tokens, queue);
}

type Token = "*" | ((character: string) => boolean);

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? "";
    const set = character === "[" ? /^\[([!^]?)([^\]]+)\]/.exec(pattern.slice(index)) : null;
    if (set) {
      tokens.push(inSet(set[2] ?? "", set[1] !== ""));
      index += set[0].length - 1;
    } else if (character === "*") tokens.push("*");
    else if (character === "?") tokens.push(() => true);
    else tokens.push((other) => other === character);
  }
  return tokens;
}

function inSet(members: string, negated: boolean): (character: string) => boolean {
  const ranges = [...members.matchAll(/(.)-(.)|(.)/gs)].map(([, from, to, one]) => [
    from ?? one ?? "",
    to ?? one ?? "",
  ]);
  return (character) => ranges.some(([from = "", to = ""]) => from <= character && character <= to) !== negated;
}

/** Walks back to the last star only, so that no pattern takes more than pattern times name steps. */
function matchTokens(tokens: readonly Token[], text: string): boolean {
  let [at, token, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    const current = tokens[token];
    if (current === "*") [star, resume, token] = [token, at, token + 1];
    else if (current?.(text[at] ?? "")) [at, token] = [at + 1, token + 1];
    else if (star >= 0) [token, resume, at] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return tokens.slice(token).every((rest) => rest === "*");
}

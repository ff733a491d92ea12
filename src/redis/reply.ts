/** A reply that is not of the shape its command promises. Says what kind it was, never what it held. */
export class ReplyShapeError extends Error {
  constructor(wanted: string, reply: unknown) {
    super(`expected ${wanted}, got ${reply === null ? "null" : typeof reply}`);
    this.name = "ReplyShapeError";
  }
}

export function asText(reply: unknown): string {
  if (typeof reply === "string") return reply;
  if (typeof reply === "number") return String(reply);
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  throw new ReplyShapeError("text", reply);
}

export function asOptionalText(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : asText(reply);
}

/** A number that may come as a number, a bigint or decimal text. */
export function asCount(reply: unknown): number {
  const value = typeof reply === "bigint" || typeof reply === "string" ? Number(reply) : reply;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ReplyShapeError("a number", reply);
}

/** A sorted set's score, which may be infinite: `inf` in RESP2. */
export function asScore(reply: unknown): number {
  const text = asText(reply);
  const score = Number(text.replace(/^([+-]?)inf$/i, "$1Infinity"));
  if (text !== "" && !Number.isNaN(score)) return score;
  throw new ReplyShapeError("a score", reply);
}

export function asList(reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply as unknown[];
  if (reply instanceof Set) return [...(reply as Set<unknown>)];
  throw new ReplyShapeError("a list", reply);
}

/** Pairs, whether they come nested (RESP3), flat (RESP2) or as a map. */
export function asPairs(reply: unknown): [unknown, unknown][] {
  if (reply instanceof Map) return [...(reply as Map<unknown, unknown>)];
  if (reply !== null && typeof reply === "object" && !Array.isArray(reply)) return Object.entries(reply);
  const list = asList(reply);
  if (list.length % 2 !== 0 && !list.every(Array.isArray)) throw new ReplyShapeError("pairs", reply);
  if (list.every(Array.isArray)) return list.map((pair) => [pair[0], pair[1]]);
  return Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]);
}

export function asMap(reply: unknown): Map<string, string> {
  return new Map(asPairs(reply).map(([field, value]) => [asText(field), asText(value)]));
}

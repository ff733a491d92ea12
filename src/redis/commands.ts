import { ReplyShapeError, asCount, asList, asMap, asOptionalText, asPairs, asScore, asText } from "./reply.ts";

/**
 * Every command that can be sent to a watched Redis: this file is the allow-list. All of them only read.
 * `redis/client.ts` sends nothing but values made here. Each name stands with the rights that it needs, as ACL SETUSER
 * writes them; a user needs only those of the systems it reads (see `redis/acl.ts`).
 */
export const allowedCommands = {
  get: "+get",
  mget: "+mget",
  llen: "+llen",
  lindex: "+lindex",
  lrange: "+lrange",
  lpos: "+lpos",
  smembers: "+smembers",
  sscan: "+sscan",
  scard: "+scard",
  sismember: "+sismember",
  zcard: "+zcard",
  zcount: "+zcount",
  zrange: "+zrange",
  hget: "+hget",
  hmget: "+hmget",
  hgetall: "+hgetall",
  hlen: "+hlen",
  time: "+time",
  ping: "+ping",
  info: "+info",
  memory: "+memory|usage",
  /** Only `check --scan` sends it, over a connection that may; no system's reader does, so the ACL of none has it. */
  scan: "+scan",
  /** Only `check` sends it, to learn whether its user may write; it needs no right to it, and the ACL of no user has it. */
  acl: "+acl|whoami +acl|dryrun",
} as const;

export type CommandName = keyof typeof allowedCommands;

/** One command with its arguments, and how its reply (RESP2 or RESP3) is read. Values that can be sent are made only here. */
export interface Command<T> {
  readonly name: CommandName;
  readonly args: readonly (string | number)[];
  /** The reply's strings are bytes, not text. */
  readonly binary: boolean;
  /** Throws a ReplyShapeError when the reply is not of the expected shape. */
  readonly decode: (reply: unknown) => T;
}

function command<T>(
  name: CommandName,
  args: readonly (string | number)[],
  decode: (reply: unknown) => T,
  binary = false,
): Command<T> {
  const made = Object.freeze({ name, args: Object.freeze([...args]), decode, binary });
  allowed.add(made);
  return made;
}

/** Every command that was made here: one that only looks like them is not sent. */
const allowed = new WeakSet<object>();

/** Whether a command was made in this file. Only such ones are sent. */
export function isAllowed(one: Command<unknown>): boolean {
  return allowed.has(one);
}

export const get = (key: string): Command<string | undefined> => command("get", [key], asOptionalText);

/** The value as bytes, for values that are not text. */
export const getBytes = (key: string): Command<Buffer | undefined> => command("get", [key], asOptionalBytes, true);

export const mget = (keys: readonly string[]): Command<(string | undefined)[]> =>
  command("mget", keys, (reply) => asList(reply).map(asOptionalText));

export const llen = (key: string): Command<number> => command("llen", [key], asCount);

export const lindex = (key: string, index: number): Command<string | undefined> =>
  command("lindex", [key, index], asOptionalText);

/** At most 1,000 elements: pages, never whole lists. */
export const lrange = (key: string, start: number, stop: number): Command<string[]> =>
  command("lrange", [key, start, stop], asTexts);

/** Where an element stands, walking at most `maxlen` elements; `rank` -1 walks from the tail. The index counts from the head. */
export const lpos = (
  key: string,
  element: string,
  options: { rank: 1 | -1; maxlen: number },
): Command<number | undefined> =>
  command("lpos", [key, element, "RANK", options.rank, "MAXLEN", options.maxlen], (reply) =>
    reply === null ? undefined : asCount(reply),
  );

/** Up to `count` places of an element: the second hit is looked for up to `maxlen`. */
export const lposAll = (
  key: string,
  element: string,
  options: { rank: 1 | -1; count: number; maxlen: number },
): Command<number[]> =>
  command("lpos", [key, element, "RANK", options.rank, "COUNT", options.count, "MAXLEN", options.maxlen], (reply) =>
    asList(reply).map(asCount),
  );

/** Only for sets known to be small (see `scard`); `sscan` else. */
export const smembers = (key: string): Command<string[]> => command("smembers", [key], asTexts);

/** One page of a set: the next cursor ("0" at the end) and members, some of them maybe again. */
export const sscan = (key: string, cursor: string, count: number): Command<{ cursor: string; members: string[] }> =>
  command("sscan", [key, cursor, "COUNT", count], (reply) => {
    const [next, members] = asList(reply);
    return { cursor: asText(next), members: asTexts(members) };
  });

/** One page of the database's keys that match: the next cursor ("0" at the end), and keys of sets, some maybe again. */
export const scanSets = (cursor: string, pattern: string, count: number): Command<{ cursor: string; keys: string[] }> =>
  command("scan", [cursor, "MATCH", pattern, "COUNT", count, "TYPE", "set"], (reply) => {
    const [next, keys] = asList(reply);
    return { cursor: asText(next), keys: asTexts(keys) };
  });

export const scard = (key: string): Command<number> => command("scard", [key], asCount);

export const sismember = (key: string, member: string): Command<boolean> =>
  command("sismember", [key, member], (reply) => asCount(reply) === 1);

export const zcard = (key: string): Command<number> => command("zcard", [key], asCount);

/** Members whose score lies between `min` and `max`; "-inf", "+inf" and "(" as Redis has them. */
export const zcount = (key: string, min: number | string, max: number | string): Command<number> =>
  command("zcount", [key, min, max], asCount);

export interface Scored {
  readonly member: string;
  readonly score: number;
}

/** Members by index, lowest score first; negative indexes count from the highest. At most 1,000. */
export const zrange = (key: string, start: number, stop: number): Command<Scored[]> =>
  command("zrange", [key, start, stop, "WITHSCORES"], asScored);

/** Members by score, lowest first (Redis 6.2 and newer). At most `count`, which is at most 1,000. */
export const zrangeByScore = (
  key: string,
  range: { min: number | string; max: number | string; offset?: number; count: number },
): Command<Scored[]> =>
  command(
    "zrange",
    [key, range.min, range.max, "BYSCORE", "LIMIT", range.offset ?? 0, range.count, "WITHSCORES"],
    asScored,
  );

export const hget = (key: string, field: string): Command<string | undefined> =>
  command("hget", [key, field], asOptionalText);

export const hmget = (key: string, fields: readonly string[]): Command<(string | undefined)[]> =>
  command("hmget", [key, ...fields], (reply) => asList(reply).map(asOptionalText));

/** Only for hashes known to be small. */
export const hgetall = (key: string): Command<Map<string, string>> => command("hgetall", [key], asMap);

export const hlen = (key: string): Command<number> => command("hlen", [key], asCount);

/** The server's clock, in milliseconds since the epoch, with microseconds as fraction. */
export const time = (): Command<number> =>
  command("time", [], (reply) => {
    const [seconds, microseconds] = asList(reply);
    return asCount(seconds) * 1_000 + asCount(microseconds) / 1_000;
  });

export const ping = (): Command<string> => command("ping", [], asText);

/** INFO's text, of one section or of the default ones. */
export const info = (section?: string): Command<string> =>
  command("info", section === undefined ? [] : [section], asText);

/** Rough bytes of a key, from `samples` of its elements; undefined when there is no such key. */
export const memoryUsage = (key: string, samples: number): Command<number | undefined> =>
  command("memory", ["USAGE", key, "SAMPLES", samples], (reply) => (reply === null ? undefined : asCount(reply)));

/** The name of the user that the connection is. */
export const aclWhoami = (): Command<string> => command("acl", ["WHOAMI"], asText);

/** Commands that change something, each told apart by what it can destroy; `key` stands for the key. */
const changes = [
  ["SET", "key", ""],
  ["DEL", "key"],
  ["LPUSH", "key", ""],
  ["LPOP", "key"],
  ["SADD", "key", ""],
  ["HSET", "key", "", ""],
  ["ZADD", "key", "0", ""],
  ["EXPIRE", "key", "1"],
  ["FLUSHDB"],
  ["EVAL", "return 1", "0"],
] as const;

/** Names of the commands that `aclMayChange` asks about, in its order. */
export const changingCommands: readonly string[] = changes.map(([name]) => name);

/**
 * Whether a user may run each of `changingCommands` on a key. Asks Redis 7 and newer (and Valkey) what it would say to
 * them; none of them runs.
 */
export const aclMayChange = (user: string, key: string): Command<boolean>[] =>
  changes.map(([name, ...words]) =>
    command(
      "acl",
      ["DRYRUN", user, name, ...words.map((word) => (word === "key" ? key : word))],
      (reply) => asText(reply) === "OK",
    ),
  );

function asTexts(reply: unknown): string[] {
  return asList(reply).map(asText);
}

function asScored(reply: unknown): Scored[] {
  return asPairs(reply).map(([member, score]) => ({ member: asText(member), score: asScore(score) }));
}

function asOptionalBytes(reply: unknown): Buffer | undefined {
  if (reply === null) return undefined;
  if (Buffer.isBuffer(reply)) return reply;
  throw new ReplyShapeError("bytes", reply);
}

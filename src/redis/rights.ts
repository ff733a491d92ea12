import { QueuewatchError } from "../errors.ts";
import type { Needs } from "./acl.ts";
import type { Redis, Result } from "./client.ts";
import * as commands from "./commands.ts";
import type { Command, CommandName } from "./commands.ts";
import { matchesKey, sampleKey } from "./key-pattern.ts";

/** What the user of a connection may and may not, measured against what is needed. */
export interface Rights {
  /** Needed commands that are refused. */
  readonly refusedCommands: readonly CommandName[];
  /** Needed key patterns that are refused; empty where no command is allowed with which to try. */
  readonly refusedKeys: readonly string[];
  /** May read keys that no needed pattern matches. Undefined where it cannot be known, or every key is needed. */
  readonly readsOtherKeys: boolean | undefined;
  /** Commands with which it may change something; undefined where the server does not tell it. */
  readonly changes: readonly string[] | undefined;
}

/** Part of the keys that are tried: none of them exists. */
const probe = "queuewatch-probe";

/** How each command is tried: on a key that does not exist. `scan` and `acl` are no one's need. */
const trials: Readonly<Record<CommandName, (key: string) => Command<unknown>>> = {
  get: commands.get,
  mget: (key) => commands.mget([key]),
  llen: commands.llen,
  lindex: (key) => commands.lindex(key, 0),
  lrange: (key) => commands.lrange(key, 0, 0),
  lpos: (key) => commands.lpos(key, probe, { rank: 1, maxlen: 1 }),
  smembers: commands.smembers,
  sscan: (key) => commands.sscan(key, "0", 1),
  scard: commands.scard,
  sismember: (key) => commands.sismember(key, probe),
  zcard: commands.zcard,
  zcount: (key) => commands.zcount(key, 0, 0),
  zrange: (key) => commands.zrange(key, 0, 0),
  hget: (key) => commands.hget(key, probe),
  hmget: (key) => commands.hmget(key, [probe]),
  hgetall: commands.hgetall,
  hlen: commands.hlen,
  time: commands.time,
  ping: commands.ping,
  info: () => commands.info("server"),
  memory: (key) => commands.memoryUsage(key, 1),
  scan: () => commands.scanSets("0", probe, 1),
  acl: commands.aclWhoami,
};

/** Those that name no key: they say nothing about keys. */
const keyless: ReadonlySet<CommandName> = new Set(["time", "ping", "info", "scan", "acl"]);

/**
 * Tries every needed command and key pattern, on keys that do not exist, and looks whether the user may more than it
 * needs. What it may change is asked of the server (ACL DRYRUN, from Redis 7 on), if the user may ask: nothing that
 * changes anything is sent. Rejects as `Redis.read` does.
 */
export async function probeRights(redis: Redis, needs: Needs, signal: AbortSignal): Promise<Rights> {
  const keys = needs.keyPatterns.map((pattern) => sampleKey(pattern, probe));
  const [first = probe] = keys;
  const tried = await redis.read(
    needs.commands.map((name) => trials[name](first)),
    signal,
  );
  const refusedCommands = needs.commands.filter((_, index) => refusal(tried[index]) === "command");
  const usable = needs.commands.find((name) => !keyless.has(name) && !refusedCommands.includes(name));
  const others = await redis.read(usable ? [...keys, probe].map(trials[usable]) : [], signal);
  const other = usable && !needs.keyPatterns.some((pattern) => matchesKey(pattern, probe)) ? others.at(-1) : undefined;
  return {
    refusedCommands,
    refusedKeys: needs.keyPatterns.filter((_, index) => refusal(others[index]) !== undefined),
    readsOtherKeys: other && refusal(other) === undefined,
    changes: await changesOf(redis, [first, probe], signal),
  };
}

/** Which commands that change something the user may run on one of the keys. */
async function changesOf(
  redis: Redis,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const [user] = await redis.read([commands.aclWhoami()], signal);
  if (!user.ok) return undefined;
  const answers = await redis.read(
    keys.flatMap((key) => commands.aclMayChange(user.value, key)),
    signal,
  );
  if (answers.some(({ ok }) => !ok)) return undefined;
  const names = commands.changingCommands;
  return names.filter((_, index) =>
    keys.some((_key, turn) => {
      const answer = answers[turn * names.length + index];
      return answer?.ok === true && answer.value;
    }),
  );
}

/** What was refused: the command, or its key. Redis tells them apart only in words (redis src/acl.c, 6.0 to 8.0). */
function refusal(result: Result<unknown> | undefined): "command" | "key" | undefined {
  if (!result || result.ok || result.error.code !== "REDIS_PERMISSION") return undefined;
  return /\bto run the\b/.test(result.error.message) ? "command" : "key";
}

/** The rights that are missing as one error of ours; undefined where none is. */
export function missingRights({ refusedCommands, refusedKeys }: Rights): QueuewatchError | undefined {
  const missing = [
    ...(refusedCommands.length > 0 ? [`commands ${refusedCommands.join(", ")}`] : []),
    ...(refusedKeys.length > 0 ? [`keys ${refusedKeys.join(", ")}`] : []),
  ];
  return missing.length > 0
    ? new QueuewatchError("REDIS_PERMISSION", `the Redis user may not: ${missing.join("; ")}`)
    : undefined;
}

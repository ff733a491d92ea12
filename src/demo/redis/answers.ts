import type { CommandName } from "../../redis/commands.ts";
import { CommandError, endOf, integerOf, optionsOf, placeOf, syntaxError } from "./arguments.ts";
import type { Database } from "./database.ts";
import { globMatcher } from "./key-pattern.ts";
import { lpos } from "./list-position.ts";
import { memoryUsage } from "./memory-usage.ts";
import type { Reply } from "./reply.ts";
import { zcount, zrange } from "./score-range.ts";

/** What a command is answered from. */
export interface Asked {
  readonly database: Database;
  /** The server's clock, in ms. */
  readonly now: () => number;
  /** INFO's text, of the sections named (none: the default ones). */
  readonly info: (sections: readonly string[]) => string;
}

/** How a command is answered: its arguments' number (Redis's arity: negative for at least), and its reply. */
export interface Answer {
  readonly arity: number;
  /** Throws a CommandError, or a WrongTypeError. */
  readonly reply: (args: readonly string[], asked: Asked) => Reply;
}

/** Every command of the agent's allow-list, and no other. Semantics: redis 7.2 src/t_*.c, `commands/*.json`. */
export const answers: Readonly<Record<CommandName, Answer>> = {
  get: { arity: 2, reply: ([key = ""], { database }) => database.read(key, "string") ?? null },
  mget: {
    arity: -2,
    reply: (keys, { database }) =>
      keys.map((key) => (database.typeOf(key) === "string" ? (database.read(key, "string") ?? null) : null)),
  },
  llen: { arity: 2, reply: ([key = ""], { database }) => database.read(key, "list")?.length ?? 0 },
  lindex: {
    arity: 3,
    reply: ([key = "", index], { database }) => {
      const list = database.read(key, "list");
      return list?.at(integerOf(index)) ?? null;
    },
  },
  lrange: {
    arity: 4,
    reply: ([key = "", start, stop], { database }) => {
      integerOf(start);
      integerOf(stop);
      const list = database.read(key, "list");
      return list ? [...list.range(placeOf(start, list.length), endOf(stop, list.length))] : [];
    },
  },
  lpos: { arity: -3, reply: ([key = "", element = "", ...rest], { database }) => lpos(database, [key, element], rest) },
  smembers: { arity: 2, reply: ([key = ""], { database }) => ({ set: [...(database.read(key, "set") ?? [])] }) },
  sscan: {
    arity: -3,
    reply: ([key = "", cursor, ...rest], { database }) => {
      cursorOf(cursor);
      const members = database.read(key, "set");
      return wholeScan(members ?? [], members ? optionsOf(rest, { MATCH: 1, COUNT: 1 }) : new Map());
    },
  },
  scard: { arity: 2, reply: ([key = ""], { database }) => database.read(key, "set")?.size ?? 0 },
  sismember: {
    arity: 3,
    reply: ([key = "", member = ""], { database }) => Number(database.read(key, "set")?.has(member) ?? false),
  },
  zcard: { arity: 2, reply: ([key = ""], { database }) => database.read(key, "zset")?.size ?? 0 },
  zcount: { arity: 4, reply: ([key = "", min, max], { database }) => zcount(database, key, [min, max]) },
  zrange: { arity: -4, reply: ([key = "", ...rest], { database }) => zrange(database, key, rest) },
  hget: {
    arity: 3,
    reply: ([key = "", field = ""], { database }) => database.read(key, "hash")?.get(field) ?? null,
  },
  hmget: {
    arity: -3,
    reply: ([key = "", ...fields], { database }) => {
      const hash = database.read(key, "hash");
      return fields.map((field) => hash?.get(field) ?? null);
    },
  },
  hgetall: { arity: 2, reply: ([key = ""], { database }) => ({ map: [...(database.read(key, "hash") ?? [])] }) },
  hlen: { arity: 2, reply: ([key = ""], { database }) => database.read(key, "hash")?.size ?? 0 },
  time: {
    arity: 1,
    reply: (_, { now }) => {
      const microseconds = Math.floor(now() * 1_000);
      return [String(Math.floor(microseconds / 1_000_000)), String(microseconds % 1_000_000)];
    },
  },
  ping: { arity: -1, reply: (args) => pong(args) },
  info: { arity: -1, reply: (sections, { info }) => ({ verbatim: info(sections) }) },
  memory: { arity: -2, reply: (args, { database }) => memoryUsage(database, args) },
  scan: {
    arity: -2,
    reply: ([cursor, ...rest], { database }) => {
      cursorOf(cursor);
      const options = optionsOf(rest, { MATCH: 1, COUNT: 1, TYPE: 1 });
      const type = options.get("TYPE")?.[0]?.toLowerCase();
      const keys = [...database.keys()].filter((key) => type === undefined || database.typeOf(key) === type);
      return wholeScan(keys, options);
    },
  },
  acl: { arity: -2, reply: (args) => acl(args) },
};

function pong(args: readonly string[]): Reply {
  if (args.length > 1) throw new CommandError("ERR wrong number of arguments for 'ping' command");
  return args[0] ?? { status: "PONG" };
}

/** ACL WHOAMI and DRYRUN of the only user there is, who may send what is answered here. */
function acl([subcommand = "", user, command]: readonly string[]): Reply {
  const name = subcommand.toLowerCase();
  if (name === "whoami") return "default";
  if (name !== "dryrun") throw new CommandError(`ERR unknown subcommand '${subcommand}'. Try ACL HELP.`);
  if (command === undefined) throw new CommandError("ERR wrong number of arguments for 'acl|dryrun' command");
  if (user !== "default") throw new CommandError(`ERR User '${user ?? ""}' not found`);
  return Object.hasOwn(answers, command.toLowerCase()) ? { status: "OK" } : notPermitted(command);
}

/** What is said of a command that the only user may not send. */
export function notPermitted(command: string): string {
  return `User default has no permissions to run the '${command.toLowerCase().slice(0, 128)}' command`;
}

function cursorOf(text: string | undefined): void {
  if (!/^\d{1,20}$/.test(text ?? "")) throw new CommandError("ERR invalid cursor");
}

/** All at once, as Redis does with small sets: COUNT is a hint, and nothing is missed by what changes in between. */
function wholeScan(names: Iterable<string>, options: ReadonlyMap<string, readonly string[]>): Reply {
  const count = options.get("COUNT");
  if (count && integerOf(count[0]) < 1) throw new CommandError(syntaxError);
  const pattern = options.get("MATCH")?.[0];
  const all = [...names];
  return ["0", pattern === undefined ? all : all.filter(globMatcher(pattern))];
}

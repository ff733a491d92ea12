import { QueuewatchError } from "../errors.ts";
import { allowedCommands, type CommandName } from "./commands.ts";

/** What one job system asks of Redis, and the prefixes under which it is read. */
export interface Grant {
  readonly keyPatterns: (prefix: string) => readonly string[];
  readonly commands: readonly string[];
  /** Prefixes of keys, with their colons. */
  readonly prefixes: readonly string[];
}

/** A server's kind and version; `8.1` and newer are 8.1 for the purposes of ACLs. */
export interface ServerVersion {
  readonly product: "redis" | "valkey";
  readonly major: number;
  readonly minor: number;
}

/** What a user needs in order to read: names of commands, and key patterns as Redis ACLs write them. */
export interface Needs {
  readonly commands: readonly CommandName[];
  readonly keyPatterns: readonly string[];
}

export interface AclRequest {
  readonly username: string;
  /** What stands for the password: a `>` and its text, or a `#` and its SHA-256 (`nopass` and the like are not taken). */
  readonly password: string;
  readonly grants: readonly Grant[];
  /** The database is another one than 0. */
  readonly selectsDatabase: boolean;
  /** Default: Redis 7 and newer, or Valkey. */
  readonly version?: ServerVersion | undefined;
}

/** What is sent for every system: the connection is tried, the server asked how it is. */
const always: readonly CommandName[] = ["ping", "time", "info"];

/**
 * The words of the smallest ACL SETUSER with which the systems can be read, after `ACL SETUSER`. Tried on Redis 6.0, 7.0
 * and 8.0, Valkey 8.1 and 9.1. Redis 7 can give keys to read only; before, the commands alone keep the user from writing.
 * `resetchannels` is a syntax error before 6.2. Throws USAGE for a user name that Redis does not take.
 */
export function aclSetUser(request: AclRequest): string[] {
  const { username, password, grants, selectsDatabase, version } = request;
  if (!/^[^\s\0]+$/.test(username)) throw new QueuewatchError("USAGE", "a Redis user's name has no spaces in it");
  if (!/^(?:>[^\s\0]+|#[0-9a-f]{64})$/.test(password))
    throw new QueuewatchError("USAGE", "a password is `>` and its text, or `#` and its SHA-256");
  const { commands, keyPatterns } = needsOf(grants);
  const { major, minor } = version ?? { major: 7, minor: 0 };
  const before7 = major < 7;
  return [
    username,
    "on",
    "resetpass",
    password,
    "resetkeys",
    ...(major === 6 && minor < 2 ? [] : ["resetchannels"]),
    ...(before7 ? [] : ["clearselectors"]),
    "-@all",
    ...commands.map((name) => allowedCommands[name]),
    ...(selectsDatabase ? ["+select"] : []),
    ...keyPatterns.map((pattern) => `${before7 ? "" : "%R"}~${pattern}`),
  ];
}

/** Everything that the systems need together, each thing once. */
export function needsOf(grants: readonly Grant[]): Needs {
  const names = new Set([...always, ...grants.flatMap(({ commands }) => commands)]);
  const patterns = grants.flatMap(({ keyPatterns, prefixes }) =>
    prefixes.flatMap((prefix) => keyPatterns(literal(prefix))),
  );
  const keyPatterns = [...new Set(patterns)].map((pattern) => pattern.replace(/[\s\0]/g, "?"));
  // What everything matches makes the others needless.
  return {
    commands: Object.keys(allowedCommands)
      .filter(isCommandName)
      .filter((name) => names.has(name)),
    keyPatterns: keyPatterns.includes("*") ? ["*"] : keyPatterns,
  };
}

/** A prefix in which `*` is a star. Redis takes no spaces in a pattern: `?` stands for any character (see `needsOf`). */
function literal(prefix: string): string {
  return prefix.replace(/[*?[\]\\]/g, String.raw`\$&`);
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(allowedCommands, name);
}

/** The words as one line that redis-cli takes at its prompt (Redis's own quoting, not a shell's). */
export function redisCliLine(words: readonly string[]): string {
  return ["ACL", "SETUSER", ...words].map(quoted).join(" ");
}

/** Source: redis 7.0 src/sds.c, sdssplitargs. */
function quoted(word: string): string {
  if (/^[^\s"'\\]+$/.test(word)) return word;
  return `"${word.replace(/["\\]/g, String.raw`\$&`)}"`;
}

/** The version that INFO tells (see `serverVersion`), `7.0.15` or `Valkey 8.1.1`; undefined where it tells none. */
export function parseServerVersion(text: string | undefined): ServerVersion | undefined {
  const [, valkey, major, minor] = /^(Valkey )?(\d+)\.(\d+)/.exec(text ?? "") ?? [];
  if (major === undefined) return undefined;
  return { product: valkey ? "valkey" : "redis", major: Number(major), minor: Number(minor) };
}

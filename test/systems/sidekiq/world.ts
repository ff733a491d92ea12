import { readFile } from "node:fs/promises";
import { openRedis, type Redis } from "../../../src/redis/client.ts";
import { allowedCommands, type CommandName } from "../../../src/redis/commands.ts";
import { sidekiq } from "../../../src/systems/sidekiq/system.ts";
import type { Reader, ReaderOptions, Snapshot } from "../../../src/systems/system.ts";
import { startRedisServer, type RedisServer } from "../../support/redis-server.ts";
import { redisConfig } from "../resque/world.ts";

/** A redis-server with a user who may read what Sidekiq writes and nothing else, and a reader of it. */
export interface World {
  readonly server: RedisServer;
  readonly redis: Redis;
  /** The server's clock as the reader sees it, in ms; undefined: as it is. */
  nowMs: number | undefined;
  open(options?: Partial<ReaderOptions>): Reader;
  read(reader: Reader): Promise<Snapshot>;
  /** Commands in redis-cli's syntax, one a line. */
  load(commands: string): Promise<void>;
  send(...commands: readonly (readonly (string | number | Buffer)[])[]): Promise<void>;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

const password = "only-reads";

/** `without`: commands that the reader's user may not send. */
export async function openWorld(prefix = "", without: readonly CommandName[] = []): Promise<World> {
  const server = await startRedisServer();
  const allowed = sidekiq.commands.filter((name) => !without.includes(name as CommandName));
  const rights = allowed.map((name) => allowedCommands[name as CommandName]);
  const keys = sidekiq.keyPatterns(prefix).map((pattern) => `%R~${pattern}`);
  await server.cli(["ACL", "SETUSER", "watcher", "on", `>${password}`, "resetkeys", "-@all", ...rights, ...keys]);
  const client = openRedis(redisConfig(`redis://watcher:${password}@127.0.0.1:${server.port}`));
  const world: World = {
    server,
    redis: withClock(client, () => world.nowMs),
    nowMs: undefined,
    open: (options = {}) =>
      sidekiq.open(world.redis, { prefix, namedQueues: [], schedules: {}, includePast: false, ...options }),
    read: (reader) => reader.read(AbortSignal.timeout(20_000)),
    load: async (commands) => {
      const printed = await server.cli([], commands);
      if (/\bERR\b|WRONGTYPE/.test(printed)) throw new Error(printed);
    },
    send: (...commands) => world.load(commands.map((words) => words.map(quoted).join(" ")).join("\n")),
    clear: async () => void (await server.cli(["FLUSHALL"])),
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
  return world;
}

/** Every byte that is not plain as \xHH. */
function quoted(word: string | number | Buffer): string {
  const plain = [...(Buffer.isBuffer(word) ? word : Buffer.from(String(word)))].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\x${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return `"${plain.join("")}"`;
}

/** Times in fixtures are absolute: their clock stands where the picture was taken. */
function withClock(redis: Redis, nowMs: () => number | undefined): Redis {
  const read = async (commands: Parameters<Redis["read"]>[0], signal: AbortSignal) => {
    const results = await redis.read(commands, signal);
    const now = nowMs();
    return results.map((result, index) =>
      now !== undefined && commands[index]?.name === "time" ? { ok: true, value: now } : result,
    );
  };
  return {
    read: read as Redis["read"],
    get cost() {
      return redis.cost;
    },
    close: () => redis.close(),
  };
}

export async function fixture(name: string): Promise<{ commands: string; facts: Facts }> {
  const folder = new URL(`../../fixtures/${name}/`, import.meta.url);
  const commands = await readFile(new URL("commands.txt", folder), "utf8");
  return { commands, facts: JSON.parse(await readFile(new URL("facts.json", folder), "utf8")) as Facts };
}

type Counts = Readonly<Record<string, number>>;

interface FactsOfSet {
  readonly size: number;
  readonly due: number;
  readonly by_class: Counts;
  readonly by_queue: Counts;
  readonly by_error: Counts;
}

/** What an agent should report at the moment of the picture. */
export interface Facts {
  readonly version: string;
  readonly captured_at: number;
  readonly processed: number;
  readonly failed: number;
  readonly queues: readonly { readonly name: string; readonly size: number; readonly latency: number }[];
  readonly scheduled: FactsOfSet;
  readonly retry: FactsOfSet;
  readonly dead: FactsOfSet;
  readonly processes: readonly FactsOfProcess[];
  readonly work: readonly {
    readonly process: string;
    readonly queue: string;
    readonly class: string;
    readonly age: number;
  }[];
  readonly metrics_by_class?: Readonly<Record<string, { readonly p: number; readonly f: number; readonly ms: number }>>;
}

export interface FactsOfProcess {
  readonly identity: string;
  readonly state: "running" | "quiet" | "gone";
  readonly hostname?: string;
  readonly pid?: number;
  readonly version?: string | null;
  readonly concurrency?: number;
  readonly busy?: number;
  readonly beat_age?: number;
  readonly rss_kb?: number;
  readonly rtt_us?: number;
  readonly queues?: readonly string[];
  readonly weights?: readonly Counts[] | null;
  readonly capsules?: Readonly<Record<string, { readonly concurrency: number; readonly weights: Counts }>> | null;
}

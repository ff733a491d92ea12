import { readFile } from "node:fs/promises";
import { configSchema } from "../../../src/config/schema.ts";
import { openRedis, type Redis } from "../../../src/redis/client.ts";
import { allowedCommands, type CommandName } from "../../../src/redis/commands.ts";
import { resque } from "../../../src/systems/resque/system.ts";
import type { Reader, ReaderOptions, Snapshot } from "../../../src/systems/system.ts";
import { startRedisServer, type RedisServer } from "../../support/redis-server.ts";

/** A redis-server with a user who may read a Resque namespace and nothing else, and a reader of it. */
export interface World {
  readonly server: RedisServer;
  readonly redis: Redis;
  /** The server's clock as the reader sees it, in ms; undefined: as it is. */
  nowMs: number | undefined;
  open(options?: Partial<ReaderOptions>): Reader;
  read(reader: Reader): Promise<Snapshot>;
  /** Commands in redis-cli's syntax, one a line. */
  load(commands: string): Promise<void>;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

const password = "only-reads";

export async function openWorld(prefix = "resque:"): Promise<World> {
  const server = await startRedisServer();
  const rights = resque.commands.map((name) => allowedCommands[name as CommandName]);
  const keys = resque.keyPatterns(prefix).map((pattern) => `%R~${pattern}`);
  await server.cli(["ACL", "SETUSER", "watcher", "on", `>${password}`, "resetkeys", "-@all", ...rights, ...keys]);
  const client = openRedis(redisConfig(`redis://watcher:${password}@127.0.0.1:${server.port}`));
  const world: World = {
    server,
    redis: withClock(client, () => world.nowMs),
    nowMs: undefined,
    open: (options = {}) =>
      resque.open(world.redis, { prefix, namedQueues: [], schedules: {}, includePast: false, ...options }),
    read: (reader) => reader.read(AbortSignal.timeout(20_000)),
    load: async (commands) => {
      const printed = await server.cli([], commands);
      if (/\bERR\b|WRONGTYPE/.test(printed)) throw new Error(printed);
    },
    clear: async () => void (await server.cli(["FLUSHALL"])),
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
  return world;
}

export function redisConfig(url: string) {
  const config = configSchema.parse({ targets: [{ name: "test", redis: { url } }] });
  const redis = config.targets[0]?.redis;
  if (redis === undefined || typeof redis === "string" || !("protocol" in redis))
    throw new Error("no Redis in the config");
  return redis;
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
  return { read: read as Redis["read"], cost: redis.cost, close: () => redis.close() };
}

export async function fixture(name: string): Promise<{ commands: string; facts: Facts }> {
  const folder = new URL(`../../fixtures/${name}/`, import.meta.url);
  const commands = await readFile(new URL("commands.txt", folder), "utf8");
  const facts = JSON.parse(await readFile(new URL("facts.json", folder), "utf8")) as Facts;
  return { commands, facts };
}

/** What an agent should report at the moment of the picture. */
export interface Facts {
  readonly captured_at: number;
  readonly processed: number;
  readonly failed: number;
  readonly queues: readonly {
    readonly name: string;
    readonly size: number;
    readonly oldest_enqueued_at_iso: string | null;
  }[];
  readonly failed_total: number;
  readonly failed_by_queue: Readonly<Record<string, number>>;
  readonly failed_by_class: Readonly<Record<string, number>>;
  readonly failed_by_exception: Readonly<Record<string, number>>;
  readonly delayed: {
    readonly jobs: number;
    readonly due_timestamps: number;
    readonly by_timestamp: Readonly<Record<string, number>>;
  };
  readonly workers: readonly {
    readonly id: string;
    readonly queues: readonly string[];
    readonly heartbeat_age?: number;
    readonly ping_age?: number;
    readonly job?: { readonly queue: string; readonly class: string; readonly run_at_raw: string };
  }[];
}

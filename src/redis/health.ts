import type { HistogramValue, Metric } from "../catalogue/metric.ts";
import * as catalogue from "../catalogue/redis.ts";
import type { Problem } from "../systems/system.ts";
import type { Redis, Result } from "./client.ts";
import { info, ping } from "./commands.ts";

/** One number about the server, with the metric's own attributes. */
export interface ServerSample {
  readonly metric: Metric;
  readonly mode: "state" | "total";
  readonly values: readonly string[];
  readonly value: number | HistogramValue;
}

/** What INFO and PING tell of a server. Empty where the user may not ask. */
export interface ServerHealth {
  readonly samples: readonly ServerSample[];
  readonly problems: readonly Problem[];
}

/** The fields of INFO, by name; sections do not matter, names are unique. */
export type InfoFields = ReadonlyMap<string, string>;

const states = {
  sys: "used_cpu_sys",
  user: "used_cpu_user",
  sys_children: "used_cpu_sys_children",
  user_children: "used_cpu_user_children",
  sys_main_thread: "used_cpu_sys_main_thread",
  user_main_thread: "used_cpu_user_main_thread",
} as const;

/** Redis's words for what a server is, and ours. */
const roles: ReadonlyMap<string, string> = new Map([
  ["master", "primary"],
  ["slave", "replica"],
]);

/** Which field of INFO a metric without attributes is. Source: redis 8.0 src/server.c, genRedisInfoString. */
const numbers: readonly (readonly [Metric, string])[] = [
  [catalogue.redisUptime, "uptime_in_seconds"],
  [catalogue.redisClientsConnected, "connected_clients"],
  [catalogue.redisClientsLimit, "maxclients"],
  [catalogue.redisClientsBlocked, "blocked_clients"],
  [catalogue.redisClientsMaxInputBuffer, "client_recent_max_input_buffer"],
  [catalogue.redisClientsMaxOutputBuffer, "client_recent_max_output_buffer"],
  [catalogue.redisConnectionsReceived, "total_connections_received"],
  [catalogue.redisConnectionsRejected, "rejected_connections"],
  [catalogue.redisKeysExpired, "expired_keys"],
  [catalogue.redisKeysEvicted, "evicted_keys"],
  [catalogue.redisKeyspaceHits, "keyspace_hits"],
  [catalogue.redisKeyspaceMisses, "keyspace_misses"],
  [catalogue.redisMemoryUsed, "used_memory"],
  [catalogue.redisMemoryPeak, "used_memory_peak"],
  [catalogue.redisMemoryRss, "used_memory_rss"],
  [catalogue.redisMemoryLua, "used_memory_lua"],
  [catalogue.redisMemoryFragmentationRatio, "mem_fragmentation_ratio"],
  [catalogue.redisMaxmemory, "maxmemory"],
  [catalogue.redisRdbChanges, "rdb_changes_since_last_save"],
  [catalogue.redisCommandsProcessed, "total_commands_processed"],
  [catalogue.redisNetInput, "total_net_input_bytes"],
  [catalogue.redisNetOutput, "total_net_output_bytes"],
  [catalogue.redisLatestFork, "latest_fork_usec"],
  [catalogue.redisReplicasConnected, "connected_slaves"],
  [catalogue.redisReplicationOffset, "master_repl_offset"],
  [catalogue.redisReplicationBacklogFirstByteOffset, "repl_backlog_first_byte_offset"],
];

/**
 * Asks the server how it is. Rejects as `Redis.read` does; what is refused is a problem, and costs only its own numbers.
 * A restart of the server shows in `redis.uptime` and in every other total: they begin anew.
 */
export async function readServerHealth(redis: Redis, signal: AbortSignal): Promise<ServerHealth> {
  // INFO goes first: where the connection is opened, that is no part of the round trip that PING then measures.
  const [text] = await redis.read([info()], signal);
  const started = performance.now();
  const [pong] = await redis.read([ping()], signal);
  const seconds = (performance.now() - started) / 1_000;
  const numbersOfInfo = text.ok ? infoSamples(parseInfo(text.value)) : [];
  return {
    samples: [...numbersOfInfo, ...(pong.ok ? [sample(catalogue.redisPingTime, seconds)] : [])],
    problems: [refused("INFO", text), refused("PING", pong)].flatMap((problem) => problem ?? []),
  };
}

function refused(command: string, result: Result<unknown>): Problem | undefined {
  if (result.ok) return undefined;
  return { code: result.error.code, message: `${command}: ${result.error.message}`, count: 1 };
}

/** Reads INFO's text; lines that are not `name:value` are passed over. */
export function parseInfo(text: string): InfoFields {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1).trimEnd());
  }
  return fields;
}

/** The server's version, `7.0.15`, and whether it is Valkey (which says its own, and the Redis version it is like). */
export function serverVersion(fields: InfoFields): string | undefined {
  const valkey = fields.get("valkey_version");
  return valkey === undefined ? fields.get("redis_version") : `Valkey ${valkey}`;
}

/** Every number that INFO gives; fields that a version or a managed service leaves out give none. */
export function infoSamples(fields: InfoFields): ServerSample[] {
  const samples = numbers.flatMap(([metric, field]) => optional(metric, numberOf(fields.get(field))));
  for (const [state, field] of Object.entries(states))
    samples.push(...optional(catalogue.redisCpuTime, numberOf(fields.get(field)), [state]));
  const policy = fields.get("maxmemory_policy");
  if (policy !== undefined && /^[a-z-]{1,40}$/.test(policy))
    samples.push(sample(catalogue.redisMaxmemoryPolicy, 1, [policy]));
  const role = roles.get(fields.get("role") ?? "");
  if (role !== undefined) samples.push(sample(catalogue.redisRole, 1, [role]));
  samples.push(...persistence(fields), ...databases(fields));
  return samples;
}

/** A server that never saved says "ok"; the append-only file's status means something only where there is one. */
function persistence(fields: InfoFields): ServerSample[] {
  const rdb = fields.get("rdb_last_bgsave_status");
  const aof = fields.get("aof_enabled") === "1" ? fields.get("aof_last_write_status") : undefined;
  return [
    ...optional(catalogue.redisRdbLastSaveOk, rdb === undefined ? undefined : Number(rdb === "ok")),
    ...optional(catalogue.redisAofLastWriteOk, aof === undefined ? undefined : Number(aof === "ok")),
  ];
}

/** A server has 16 by default, and seldom more than are in use. */
const maxDatabases = 100;

/** `db0:keys=209,expires=12,avg_ttl=35312` */
function databases(fields: InfoFields): ServerSample[] {
  const lines = [...fields].flatMap(([name, value]) => {
    const db = /^db(\d{1,5})$/.exec(name)?.[1];
    return db === undefined ? [] : [[db, value] as const];
  });
  return lines.slice(0, maxDatabases).flatMap(([db, value]) => {
    const parts = new Map(value.split(",").map((part) => [part.split("=")[0], part.split("=")[1]]));
    return [
      ...optional(catalogue.redisDbKeys, numberOf(parts.get("keys")), [db]),
      ...optional(catalogue.redisDbExpires, numberOf(parts.get("expires")), [db]),
      ...optional(catalogue.redisDbAvgTtl, numberOf(parts.get("avg_ttl")), [db]),
    ];
  });
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,20}(?:\.\d+)?$/.test(text)) return undefined;
  return Number(text);
}

function optional(metric: Metric, value: number | undefined, values: readonly string[] = []): ServerSample[] {
  return value === undefined ? [] : [sample(metric, value, values)];
}

function sample(metric: Metric, value: number, values: readonly string[] = []): ServerSample {
  return { metric, mode: metric.kind === "counter" ? "total" : "state", values, value };
}

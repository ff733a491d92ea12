import type { Database } from "./database.ts";

/** What the server counts besides what its databases do. */
export interface ServerCounts {
  readonly connected: number;
  readonly connections: number;
  readonly commands: number;
  readonly errors: number;
  readonly received: number;
  readonly sent: number;
  /** Bytes of the data, and the most there ever were. */
  readonly dataBytes: number;
  readonly peakDataBytes: number;
}

/** What INFO tells of. */
export interface ServerState {
  readonly databases: readonly Database[];
  readonly counts: ServerCounts;
  readonly port: number;
  readonly startedMs: number;
  readonly nowMs: number;
}

type Fields = Readonly<Record<string, string | number>>;

/** The version whose replies the stand-in gives. */
export const redisVersion = "7.2.5";

const emptyServerBytes = 1_048_576;
const secondsPerCommand = 2e-6;
const secondsPerWrite = 4e-6;

const sections: Readonly<Record<string, (state: ServerState) => Fields>> = {
  Server: ({ port, startedMs, nowMs }) => ({
    redis_version: redisVersion,
    redis_mode: "standalone",
    os: "simulated",
    arch_bits: 64,
    tcp_port: port,
    server_time_usec: Math.floor(nowMs * 1_000),
    uptime_in_seconds: Math.floor((nowMs - startedMs) / 1_000),
    uptime_in_days: Math.floor((nowMs - startedMs) / 86_400_000),
  }),
  Clients: ({ counts }) => ({
    connected_clients: counts.connected,
    maxclients: 10_000,
    client_recent_max_input_buffer: 20_480,
    client_recent_max_output_buffer: 0,
    blocked_clients: 0,
  }),
  Memory: (state) => memory(state),
  Persistence: ({ databases }) => ({
    loading: 0,
    rdb_changes_since_last_save: sum(databases, ({ counts }) => counts.writes),
    rdb_bgsave_in_progress: 0,
    rdb_last_bgsave_status: "ok",
    aof_enabled: 0,
    aof_last_write_status: "ok",
  }),
  Stats: ({ databases, counts }) => ({
    total_connections_received: counts.connections,
    total_commands_processed: counts.commands + sum(databases, ({ counts: { writes } }) => writes),
    total_net_input_bytes: counts.received,
    total_net_output_bytes: counts.sent,
    rejected_connections: 0,
    expired_keys: sum(databases, ({ counts: { expired } }) => expired),
    evicted_keys: 0,
    keyspace_hits: sum(databases, ({ counts: { hits } }) => hits),
    keyspace_misses: sum(databases, ({ counts: { misses } }) => misses),
    latest_fork_usec: 0,
    total_error_replies: counts.errors,
  }),
  Replication: () => ({
    role: "master",
    connected_slaves: 0,
    master_repl_offset: 0,
    repl_backlog_first_byte_offset: 0,
  }),
  CPU: ({ databases, counts }) => {
    const busy = counts.commands * secondsPerCommand + sum(databases, (one) => one.counts.writes) * secondsPerWrite;
    return {
      used_cpu_sys: (busy * 0.4).toFixed(6),
      used_cpu_user: (busy * 0.6).toFixed(6),
      used_cpu_sys_children: "0.000000",
      used_cpu_user_children: "0.000000",
    };
  },
  Keyspace: ({ databases }) =>
    Object.fromEntries(
      databases.flatMap((database, index) => {
        const { keys, expires, averageTtlMs } = database.keyspace();
        return keys === 0 ? [] : [[`db${index}`, `keys=${keys},expires=${expires},avg_ttl=${averageTtlMs}`]];
      }),
    ),
};

/** INFO's text. Sections that do not exist give nothing, as in Redis. */
export function infoText(wanted: readonly string[], state: ServerState): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const all = names.size === 0 || ["all", "default", "everything"].some((name) => names.has(name));
  return Object.entries(sections)
    .filter(([name]) => all || names.has(name.toLowerCase()))
    .map(([name, fields]) => section(name, fields(state)))
    .join("\r\n");
}

function section(name: string, fields: Fields): string {
  const lines = Object.entries(fields).map(([field, value]) => `${field}:${value}\r\n`);
  return `# ${name}\r\n${lines.join("")}`;
}

function memory({ counts: { dataBytes, peakDataBytes } }: ServerState): Fields {
  const used = emptyServerBytes + dataBytes;
  const peak = emptyServerBytes + peakDataBytes;
  const rss = Math.round(peak * 1.15);
  return {
    used_memory: used,
    used_memory_rss: rss,
    used_memory_peak: peak,
    used_memory_lua: 32_768,
    total_system_memory: 8 * 1_024 ** 3,
    maxmemory: 256 * 1_024 ** 2,
    maxmemory_policy: "noeviction",
    mem_fragmentation_ratio: (rss / used).toFixed(2),
  };
}

function sum(databases: readonly Database[], value: (database: Database) => number): number {
  return databases.reduce((total, database) => total + value(database), 0);
}

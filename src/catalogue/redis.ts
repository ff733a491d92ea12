import { type Attribute, type Declared, defineMetric } from "./metric.ts";

/**
 * Names, units and meaning as in the OpenTelemetry Collector's redisreceiver (contrib receiver/redisreceiver/metadata.yaml,
 * v0.161), except that counts which are state are gauges here, as everywhere in this catalogue. `redis.commands` (a rate that
 * Redis smooths itself) is left out: it is a prefix of `redis.commands.processed`, which says the same as a counter.
 * Totals begin when the Redis server starts.
 */
function gauge<const A extends Attribute = never>(
  name: string,
  unit: string,
  help: string,
  attributes: readonly A[] = [],
): Declared<A, "gauge", "max", never, "target"> {
  return defineMetric({ name, kind: "gauge", unit, help, attributes, combine: "max" });
}

/** 1 while something is well; of several reports the bad one counts. */
function wellness(name: string, unit: string, help: string): Declared<never, "gauge", "min", never, "target"> {
  return defineMetric({ name, kind: "gauge", unit, help, combine: "min" });
}

function total<const A extends Attribute = never>(
  name: string,
  unit: string,
  help: string,
  attributes: readonly A[] = [],
): Declared<A, "counter", "sum", A, "target"> {
  return defineMetric({ name, kind: "counter", unit, help, attributes, startsAtZero: false });
}

export const redisUptime = total("redis.uptime", "s", "Time since the Redis server started.");
export const redisRole = gauge("redis.role", "{role}", "Always 1; says whether the server is primary or replica.", [
  "role",
]);
export const redisCpuTime = total("redis.cpu.time", "s", "CPU time that the Redis server used, by state.", ["state"]);
export const redisClientsConnected = gauge(
  "redis.clients.connected",
  "{client}",
  "Clients connected, replicas excluded.",
);
export const redisClientsLimit = gauge(
  "redis.clients.limit",
  "{client}",
  "Clients that may be connected at most (maxclients).",
);
export const redisClientsBlocked = gauge("redis.clients.blocked", "{client}", "Clients waiting in a blocking command.");
export const redisClientsMaxInputBuffer = gauge(
  "redis.clients.max_input_buffer",
  "By",
  "Largest input buffer among current clients.",
);
export const redisClientsMaxOutputBuffer = gauge(
  "redis.clients.max_output_buffer",
  "By",
  "Largest output buffer among current clients.",
);
export const redisConnectionsReceived = total("redis.connections.received", "{connection}", "Connections accepted.");
export const redisConnectionsRejected = total(
  "redis.connections.rejected",
  "{connection}",
  "Connections rejected because of maxclients.",
);
export const redisKeysExpired = total("redis.keys.expired", "{event}", "Keys that expired.");
export const redisKeysEvicted = total(
  "redis.keys.evicted",
  "{key}",
  "Keys evicted because of maxmemory: jobs may be among them.",
);
export const redisKeyspaceHits = total("redis.keyspace.hits", "{hit}", "Successful look-ups of keys.");
export const redisKeyspaceMisses = total("redis.keyspace.misses", "{miss}", "Failed look-ups of keys.");
export const redisMemoryUsed = gauge("redis.memory.used", "By", "Memory allocated by Redis.");
export const redisMemoryPeak = gauge(
  "redis.memory.peak",
  "By",
  "Most memory that Redis has allocated since it started.",
);
export const redisMemoryRss = gauge("redis.memory.rss", "By", "Memory of Redis as the operating system sees it.");
export const redisMemoryLua = gauge("redis.memory.lua", "By", "Memory used by the Lua engine.");
export const redisMemoryFragmentationRatio = gauge(
  "redis.memory.fragmentation_ratio",
  "1",
  "Resident memory divided by allocated memory.",
);
export const redisMaxmemory = defineMetric({
  name: "redis.maxmemory",
  kind: "gauge",
  unit: "By",
  help: "Memory limit (maxmemory); 0 means none.",
  combine: "min",
});
export const redisMaxmemoryPolicy = gauge(
  "redis.maxmemory_policy",
  "{policy}",
  "Always 1; says what Redis does when memory is full. Anything but noeviction can lose jobs.",
  ["policy"],
);
export const redisRdbChanges = gauge(
  "redis.rdb.changes_since_last_save",
  "{change}",
  "Changes since the last snapshot on disk.",
);
export const redisRdbLastSaveOk = wellness(
  "redis.rdb.last_save_ok",
  "{save}",
  "1 when the last snapshot was written to disk, 0 when it failed.",
);
export const redisAofLastWriteOk = wellness(
  "redis.aof.last_write_ok",
  "{write}",
  "1 when the last write to the append-only file succeeded, 0 when it failed; only where it is on.",
);
export const redisCommandsProcessed = total("redis.commands.processed", "{command}", "Commands processed.");
export const redisNetInput = total("redis.net.input", "By", "Bytes read from the network.");
export const redisNetOutput = total("redis.net.output", "By", "Bytes written to the network.");
export const redisLatestFork = gauge(
  "redis.latest_fork",
  "us",
  "Duration of the latest fork; Redis serves nobody meanwhile.",
);
export const redisReplicasConnected = gauge("redis.slaves.connected", "{replica}", "Replicas connected.");
export const redisReplicationOffset = gauge("redis.replication.offset", "By", "The server's replication offset.");
export const redisReplicationBacklogFirstByteOffset = gauge(
  "redis.replication.backlog_first_byte_offset",
  "By",
  "Offset at which the replication backlog begins.",
);
export const redisDbKeys = defineMetric({
  name: "redis.db.keys",
  kind: "gauge",
  unit: "{key}",
  help: "Keys in the database.",
  attributes: ["db"],
});
export const redisDbExpires = defineMetric({
  name: "redis.db.expires",
  kind: "gauge",
  unit: "{key}",
  help: "Keys of the database that have a time to live.",
  attributes: ["db"],
});
export const redisDbAvgTtl = gauge(
  "redis.db.avg_ttl",
  "ms",
  "Average time to live of the database's keys that have one.",
  ["db"],
);
export const redisPingTime = gauge("redis.ping.time", "s", "Round trip of a PING from the agent.");

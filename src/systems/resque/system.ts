import type { Redis } from "../../redis/client.ts";
import { get, hlen, scard, zcard } from "../../redis/commands.ts";
import type { Detected, System } from "../system.ts";
import { keysUnder } from "./keys.ts";
import { ResqueReader } from "./reader.ts";

/** Resque 2 and 3 with resque-scheduler, and node-resque 9: one system, since they share keys and may share a namespace. */
export const resque: System = {
  id: "resque",
  title: "Resque",
  defaultPrefix: "resque:",
  keyPatterns: (prefix) => [`${prefix}*`],
  commands: [
    "get",
    "hgetall",
    "hlen",
    "hmget",
    "lindex",
    "llen",
    "lpos",
    "lrange",
    "memory",
    "mget",
    "scard",
    "smembers",
    "sscan",
    "time",
    "zcard",
    "zrange",
  ],
  detect,
  open: (redis, options) => new ResqueReader(redis, options),
};

/**
 * Looks at a few keys that Resque writes under its namespace. Without a namespace `queues` is anybody's (Sidekiq has one
 * of that name): then only what no other program has counts.
 */
async function detect(redis: Redis, prefix: string, signal: AbortSignal): Promise<Detected | undefined> {
  const keys = keysUnder(prefix);
  const [processed, node, ...sizes] = await redis.read(
    [
      get(keys.processed),
      get(`${prefix}connection_test_key`),
      hlen(keys.heartbeats),
      zcard(keys.delayed),
      scard(keys.workers),
      scard(keys.queues),
    ],
    signal,
  );
  const [beats, ...others] = sizes.map((size) => size.ok && size.value > 0);
  const byNode = node.ok && node.value === "ok";
  const traces = prefix === "" ? others.slice(0, -1) : [...others, processed.ok && processed.value !== undefined];
  if (!beats && !byNode && !traces.some(Boolean)) return undefined;
  return { system: "resque", prefix, title: titleOf(beats === true, byNode) };
}

function titleOf(ruby: boolean, node: boolean): string {
  const kinds = [...(ruby ? ["Resque (heartbeats seen)"] : []), ...(node ? ["node-resque (its key seen)"] : [])];
  return kinds.length > 0 ? kinds.join(" and ") : "Resque or node-resque";
}

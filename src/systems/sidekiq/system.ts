import type { Redis, Result } from "../../redis/client.ts";
import { get, hget, scard, smembers } from "../../redis/commands.ts";
import type { Detected, System } from "../system.ts";
import { keyPatterns, keysUnder, type Keys } from "./keys.ts";
import { readInfo } from "./process-info.ts";
import { SidekiqReader } from "./reader.ts";

/** Sidekiq 6.4 to 8.1, with what Pro and Enterprise are publicly known to keep in Redis. */
export const sidekiq: System = {
  id: "sidekiq",
  title: "Sidekiq",
  defaultPrefix: "",
  keyPatterns,
  commands: [
    "get",
    "hget",
    "hgetall",
    "hlen",
    "hmget",
    "lindex",
    "llen",
    "lpos",
    "lrange",
    "memory",
    "scard",
    "smembers",
    "sscan",
    "time",
    "zcard",
    "zcount",
    "zrange",
  ],
  detect,
  open: (redis, options) => new SidekiqReader(redis, options),
};

/** Processes whose `info` is looked at for a version. */
const looked = 20;
const maxProcesses = 5_000;

/**
 * Looks at a few keys. `queues` and `stat:processed` alone are anybody's under a prefix (Resque has them too): there, or
 * where Resque's own set of workers is, only Sidekiq's `processes` counts.
 */
async function detect(redis: Redis, prefix: string, signal: AbortSignal): Promise<Detected | undefined> {
  const keys = keysUnder(prefix);
  const [processed, processes, queues, workers] = await redis.read(
    [get(keys.processed), scard(keys.processes), scard(keys.queues), scard(`${prefix}workers`)],
    signal,
  );
  const registered = valueOr(processes, 0);
  const used = valueOr(processed, undefined) !== undefined || valueOr(queues, 0) > 0;
  if (registered === 0 && (valueOr(workers, 0) > 0 || !used)) return undefined;
  const versions = registered > 0 && registered <= maxProcesses ? await versionsOf(redis, keys, signal) : [];
  return { system: "sidekiq", prefix, title: ["Sidekiq", versions.join(", ")].filter(Boolean).join(" ") };
}

function valueOr<T, F>(result: Result<T>, fallback: F): T | F {
  return result.ok ? result.value : fallback;
}

async function versionsOf(redis: Redis, keys: Keys, signal: AbortSignal): Promise<string[]> {
  const [members] = await redis.read([smembers(keys.processes)], signal);
  const identities = members.ok ? members.value.slice(0, looked) : [];
  const results = await redis.read(
    identities.map((identity) => hget(keys.process(identity), "info")),
    signal,
  );
  const texts = results.flatMap((result) => (result.ok && result.value !== undefined ? [result.value] : []));
  const versions = texts.map((text) => readInfo("", text).version ?? "6");
  return [...new Set(versions)].toSorted();
}

import type { Redis } from "../redis/client.ts";
import { hlen, mget, scanSets, scard, zcard } from "../redis/commands.ts";
import type { Detected, System } from "./system.ts";

/** What a database was found to hold. */
export interface Detection {
  readonly systems: readonly Detected[];
  /** Schedulers of which there are traces, for people: `sidekiq-cron (12 jobs)`. */
  readonly schedulers: readonly string[];
  /** What a look at known keys cannot rule out, a sentence each. */
  readonly notRuledOut: readonly string[];
}

interface Where {
  readonly systems: readonly System[];
  /** Prefixes of keys to look under, with their colons, besides each system's own default. */
  readonly prefixes: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Finds the job systems and schedulers in a database by asking for a few keys that they are known to write, under the
 * prefixes given. Never looks at other keys. Rejects as `Redis.read` does; keys that may not be read count as absent.
 */
export async function detectSystems(redis: Redis, { systems, prefixes, signal }: Where): Promise<Detection> {
  const found: Detected[] = [];
  for (const system of systems)
    for (const prefix of new Set([system.defaultPrefix, ...prefixes])) {
      const detected = await system.detect(redis, prefix, signal);
      if (detected) found.push(detected);
    }
  const looked = [...new Set([...systems.map(({ defaultPrefix }) => defaultPrefix), ...prefixes])];
  const schedulers = (await Promise.all(found.map((one) => schedulersOf(redis, one, signal)))).flat();
  return { systems: found, schedulers, notRuledOut: notRuledOut(found, looked) };
}

/** Keys of schedulers, by the system that they belong to, and what counts in them. */
const traces = {
  sidekiq: [
    { name: "sidekiq-cron", noun: "jobs", keys: ["cron_jobs", "cron_jobs:default"], count: scard },
    { name: "sidekiq-scheduler", noun: "schedules", keys: ["schedules"], count: hlen },
  ],
  resque: [
    { name: "resque-scheduler", noun: "persistent schedules", keys: ["persistent_schedules"], count: hlen },
    { name: "resque-scheduler", noun: "schedules that ran", keys: ["delayed:last_enqueued_at"], count: hlen },
    { name: "delayed jobs", noun: "timestamps", keys: ["delayed_queue_schedule"], count: zcard },
  ],
} as const;

async function schedulersOf(redis: Redis, { system, prefix }: Detected, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, noun, keys, count } of traces[system]) {
    const results = await redis.read(
      keys.map((key) => count(prefix + key)),
      signal,
    );
    const sum = results.reduce((total, result) => total + (result.ok ? result.value : 0), 0);
    if (sum > 0) lines.push(`${name} (${sum} ${noun})`);
  }
  if (system === "resque" && (await holdsLock(redis, prefix, signal))) lines.push("a scheduler that holds its lock");
  return lines;
}

async function holdsLock(redis: Redis, prefix: string, signal: AbortSignal): Promise<boolean> {
  const keys = [`${prefix}${prefix}resque_scheduler_master_lock`, `${prefix}resque_scheduler_leader_lock`];
  const [locks] = await redis.read([mget(keys)], signal);
  return locks.ok && locks.value.some((holder) => holder !== undefined);
}

function notRuledOut(found: readonly Detected[], looked: readonly string[]): string[] {
  const names = looked.map((prefix) => (prefix === "" ? "none" : `\`${prefix.replace(/:$/, "")}\``)).join(", ");
  const has = (system: Detected["system"]) => found.some((one) => one.system === system);
  return [
    `job systems in other databases and namespaces (looked at: ${names})`,
    ...(has("sidekiq") ? ["sidekiq-cron jobs in namespaces of its own other than `default`"] : []),
    ...(has("resque") ? ["static schedules of resque-scheduler, which stand in no key (see `schedules`)"] : []),
  ];
}

/** Pages that `scanNamespaces` asks for at most, and keys that Redis looks at for one. */
const maxPages = 1_000;
const keysPerPage = 1_000;
const maxPrefixes = 100;

/**
 * Looks for namespaces that nobody named, for `check --scan`: goes through the key space for sets whose names end in
 * `queues`, at most a million keys, one page at a time, so that others wait for no more than a page. Needs the right to
 * SCAN, which the agent's own user has not and shall not have: a user gives it a connection that may. Key names stay
 * here; only prefixes under which a job system is then found are worth naming.
 */
export async function scanNamespaces(
  redis: Redis,
  signal: AbortSignal,
): Promise<{ readonly prefixes: readonly string[]; readonly complete: boolean }> {
  const prefixes = new Set<string>();
  let cursor = "0";
  for (let page = 0; page < maxPages; page++) {
    const [result] = await redis.read([scanSets(cursor, "*queues", keysPerPage)], signal);
    if (!result.ok) throw result.error;
    for (const key of result.value.keys)
      if (/(?:^|:)queues$/.test(key) && prefixes.size < maxPrefixes) prefixes.add(key.slice(0, -"queues".length));
    cursor = result.value.cursor;
    if (cursor === "0") return { prefixes: [...prefixes].toSorted(), complete: true };
  }
  return { prefixes: [...prefixes].toSorted(), complete: false };
}

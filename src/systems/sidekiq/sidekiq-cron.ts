import type { Redis } from "../../redis/client.ts";
import { hmget, scard, smembers, zrange } from "../../redis/commands.ts";
import { Observing, type Observation } from "../schedules/observation.ts";
import { parseTimetable } from "../schedules/timetable.ts";
import { momentMs } from "../time-text.ts";

/** More jobs than this are not read. */
const maxJobs = 1_000;

/**
 * Reads sidekiq-cron's jobs. Up to 1.x the set `cron_jobs` holds the keys of hashes `cron_job:<name>`; from 2.0 on there
 * is one set for each of its own namespaces, `cron_jobs:<namespace>` (the first one is called `default`), and a hash
 * `cron_job:<namespace>:<name>`. `<hash>:enqueued` is a sorted set of the due times that were served, which also gets the
 * last one before a job is first saved: so that a new job is never late at once.
 * Source: sidekiq-cron lib/sidekiq/cron/job.rb, 1.8.0 and 2.3.1.
 */
export async function readSidekiqCron(redis: Redis, prefix: string, signal: AbortSignal): Promise<Observation> {
  const observing = new Observing();
  const sets = [`${prefix}cron_jobs`, `${prefix}cron_jobs:default`];
  const sizes = await redis.read(sets.map(scard), signal);
  const readable = sets.filter((key, index) => {
    const size = observing.value(sizes[index], key, 0);
    if (size > maxJobs) observing.partly(`${key} has ${size} members; it is not read`);
    return size > 0 && size <= maxJobs;
  });
  const members = await redis.read(readable.map(smembers), signal);
  const jobs = readable.flatMap((key, index) => observing.value(members[index], key, [])).toSorted();
  // The members are whole keys, written with the prefix or without it, as redis-namespace has it.
  const hashes = jobs
    .map((job) => (job.startsWith(prefix) ? job : prefix + job))
    .filter((key) => isJobKey(key, prefix));
  const fields = await redis.read(
    hashes.map((key) => hmget(key, ["name", "cron", "status", "last_enqueue_time"])),
    signal,
  );
  const served = await redis.read(
    hashes.map((key) => zrange(`${key}:enqueued`, -1, -1)),
    signal,
  );
  const schedules = hashes.flatMap((key, index) => {
    const [name, cron, status, lastEnqueued] = observing.value(fields[index], key, []);
    if (name === undefined || cron === undefined || status === "disabled") return [];
    const [last] = observing.value(served[index], `${key}:enqueued`, []);
    const lastRunMs = latest(momentMs(last?.member), momentMs(lastEnqueued));
    return [{ schedule: name, lastRunMs, nextRunMs: undefined, timetable: parseTimetable(cron) }];
  });
  return observing.end(schedules);
}

/** What stands in the set came from whoever may write to Redis: only keys of jobs are followed. */
function isJobKey(key: string, prefix: string): boolean {
  return key.startsWith(`${prefix}cron_job:`) && key.length < 1_000;
}

function latest(...moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

import type { Redis, Result } from "../../redis/client.ts";
import { hgetall, hlen } from "../../redis/commands.ts";
import { Observing, type Observation } from "../schedules/observation.ts";
import { momentMs } from "../time-text.ts";

/** Hashes with more fields than this are not read. */
const maxFields = 1_000;

/**
 * Reads sidekiq-scheduler's schedules: `schedules` (name → JSON with `cron`, `every`, …), and under `sidekiq-scheduler:`
 * `next_times` and `last_times` (name → time), which every process keeps up to date, and `states` (`{"enabled":false}`).
 * The next time that was promised says all: when it has passed, the run is late.
 * Source: sidekiq-scheduler lib/sidekiq-scheduler/{redis_manager,scheduler,utils}.rb, 5.0 and 6.0.
 */
export async function readSidekiqScheduler(redis: Redis, prefix: string, signal: AbortSignal): Promise<Observation> {
  const observing = new Observing();
  const keys = [
    "schedules",
    "sidekiq-scheduler:next_times",
    "sidekiq-scheduler:last_times",
    "sidekiq-scheduler:states",
  ];
  const [schedules, nextTimes, lastTimes, states] = await readHashes(
    redis,
    { keys: keys.map((key) => prefix + key), observing },
    signal,
  );
  const observed = [...(schedules ?? [])].flatMap(([schedule, text]) => {
    const config = parse(text);
    const nextRunMs = momentMs(nextTimes?.get(schedule));
    const wanted = config && parse(states?.get(schedule))?.["enabled"] !== false && config["enabled"] !== false;
    // Without a next time no process has loaded it: it belongs to another environment, or other queues.
    if (!wanted || nextRunMs === undefined || !repeats(config)) return [];
    return [{ schedule, lastRunMs: momentMs(lastTimes?.get(schedule)), nextRunMs, timetable: undefined }];
  });
  return observing.end(observed);
}

async function readHashes(
  redis: Redis,
  { keys, observing }: { readonly keys: readonly string[]; readonly observing: Observing },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>[]> {
  const none: ReadonlyMap<string, string> = new Map<string, string>();
  const lengths = await redis.read(keys.map(hlen), signal);
  const [first = 0] = keys.map((key, index) => observing.value(lengths[index], key, 0));
  if (first === 0) return [];
  const results: readonly Result<ReadonlyMap<string, string>>[] = await redis.read(
    keys.filter((_, index) => isShort(lengths[index])).map(hgetall),
    signal,
  );
  if (first > maxFields) observing.partly(`${keys[0]} has ${first} fields; it is not read`);
  let at = 0;
  return keys.map((key, index) => (isShort(lengths[index]) ? observing.value(results[at++], key, none) : none));
}

function isShort(length: Result<number> | undefined): boolean {
  return length !== undefined && length.ok && length.value <= maxFields;
}

/** Only what repeats has a next run to be late for: `at` and `in` run once. */
function repeats(config: Readonly<Record<string, unknown>> | undefined): boolean {
  return ["cron", "every", "interval"].some((type) => {
    const value: unknown = config?.[type];
    return (typeof value === "string" || Array.isArray(value)) && value.length > 0;
  });
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

import type { Redis } from "../../redis/client.ts";
import { hgetall } from "../../redis/commands.ts";
import { parseInterval } from "../schedules/interval.ts";
import { intervalTimetable, parseTimetable, type Timetable } from "../schedules/timetable.ts";
import type { ObservedSchedule } from "../schedules/watch.ts";
import type { ReaderOptions } from "../system.ts";
import { momentMs } from "../time-text.ts";
import type { Keys } from "./keys.ts";
import { parseObject } from "./payload.ts";
import type { Problems } from "../problems.ts";

/** Hashes with more fields than this are not read: no one has so many schedules. */
const maxFields = 2_000;
/** Last runs older than this belong to schedules that are no more, unless one is configured. */
const forgottenAfterMs = 7 * 86_400_000;

/**
 * What resque-scheduler's keys and the config say of schedules: `persistent_schedules` (expression), `last_enqueued_at`
 * (last runs, also of those that stand in no key), and the config's own expressions, which win.
 */
export async function readSchedules(
  redis: Redis,
  keys: Keys,
  context: {
    readonly lengths: { readonly lastEnqueued: number; readonly persistent: number };
    readonly configured: ReaderOptions["schedules"];
    readonly nowMs: number;
    readonly problems: Problems;
    readonly signal: AbortSignal;
  },
): Promise<ObservedSchedule[]> {
  const { lengths, configured, nowMs, problems, signal } = context;
  const hash = async (key: string, length: number) => {
    if (length === 0) return new Map<string, string>();
    if (length > maxFields) {
      problems.add("READ_PARTIAL", `${key} has ${length} fields; it is not read`);
      return new Map<string, string>();
    }
    const [result] = await redis.read([hgetall(key)], signal);
    return problems.value(result, key, new Map<string, string>());
  };
  const [runs, persistent] = await Promise.all([
    hash(keys.lastEnqueued, lengths.lastEnqueued),
    hash(keys.persistentSchedules, lengths.persistent),
  ]);
  const ran = (name: string) => momentMs(runs.get(name));
  const recent = [...runs.keys()].filter((name) => nowMs - (ran(name) ?? 0) < forgottenAfterMs);
  const names = new Set([...persistent.keys(), ...Object.keys(configured), ...recent]);
  return [...names].map((schedule) => ({
    schedule,
    lastRunMs: ran(schedule),
    nextRunMs: undefined,
    timetable: timetableOf(configured[schedule], persistent.get(schedule)),
  }));
}

function timetableOf(
  configured: ReaderOptions["schedules"][string] | undefined,
  persistent: string | undefined,
): Timetable | undefined {
  if (configured) return parseTimetable(configured.cron, configured.timezone ?? "UTC");
  const config = persistent === undefined ? undefined : parseObject(persistent);
  return config && scheduleTimetable(config);
}

/** The timetable of a schedule as rufus-scheduler takes it: `cron`, else `every`; each may be `[value, options]`. */
export function scheduleTimetable(config: Readonly<Record<string, unknown>>): Timetable | undefined {
  const cron = firstOf(config["cron"]);
  if (typeof cron === "string" && cron !== "") return parseTimetable(cron);
  const seconds = parseInterval(firstOf(config["every"]));
  return seconds === undefined ? undefined : intervalTimetable(seconds);
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

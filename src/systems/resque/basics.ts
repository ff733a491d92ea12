import type { Redis } from "../../redis/client.ts";
import { get, hlen, mget, scard, time, zcard } from "../../redis/commands.ts";
import type { Keys } from "./keys.ts";
import type { Problems } from "../problems.ts";

/** Totals, and the sizes that tell how to read the rest. */
export interface Basics {
  readonly queues: number;
  readonly workers: number;
  readonly heartbeats: number;
  readonly failedQueues: number;
  readonly timestamps: number;
  readonly lengths: { readonly lastEnqueued: number; readonly persistent: number };
  readonly paused: boolean;
  readonly lockHeld: boolean;
  readonly processed: number | undefined;
  readonly failed: number | undefined;
}

interface Context {
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** Reads them, with the server's clock, which every age is computed against. */
export async function readBasics(
  redis: Redis,
  keys: Keys,
  { problems, signal }: Context,
): Promise<{ nowMs: number; basics: Basics }> {
  const sized = [keys.queues, keys.workers, keys.failedQueues].map((key) => ({ key, command: scard(key) }));
  const fields = [keys.heartbeats, keys.lastEnqueued, keys.persistentSchedules];
  const [clock, timestamps, locks, ...results] = await redis.read(
    [
      time(),
      zcard(keys.delayed),
      mget(keys.schedulerLocks),
      ...sized.map(({ command }) => command),
      ...fields.map(hlen),
    ],
    signal,
  );
  if (!clock.ok) throw clock.error;
  const [queues = 0, workers = 0, failedQueues = 0, heartbeats = 0, lastEnqueued = 0, persistent = 0] = [
    ...sized.map(({ key }) => key),
    ...fields,
  ].map((key, index) => problems.value(results[index], key, 0));
  return {
    nowMs: clock.value,
    basics: {
      queues,
      workers,
      heartbeats,
      failedQueues,
      timestamps: problems.value(timestamps, keys.delayed, 0),
      lengths: { lastEnqueued, persistent },
      lockHeld: problems.value(locks, keys.schedulerLocks[0] ?? "", []).some((holder) => holder !== undefined),
      ...(await readTexts(redis, keys, { problems, signal })),
    },
  };
}

async function readTexts(redis: Redis, keys: Keys, { problems, signal }: Context) {
  const names = [keys.paused, keys.processed, keys.failedStat];
  const results = await redis.read(names.map(get), signal);
  const [paused, processed, failed] = names.map((key, index) => problems.value(results[index], key, undefined));
  return { paused: paused?.trim().toLowerCase() === "true", processed: total(processed), failed: total(failed) };
}

function total(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

import type { Redis, Result } from "../../redis/client.ts";
import { get, scard, time, zcard, zcount, zrange } from "../../redis/commands.ts";
import type { Problems } from "../problems.ts";
import type { SetState } from "../system.ts";
import type { Keys } from "./keys.ts";

/** Totals, and the sizes that tell how to read the rest. */
export interface Basics {
  readonly nowMs: number;
  readonly queues: number;
  readonly processes: number;
  readonly paused: number;
  readonly scheduled: number;
  readonly retry: number;
  readonly dead: number;
  readonly leader: boolean;
  readonly processed: number | undefined;
  readonly failed: number | undefined;
}

interface Context {
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** Reads them, with the server's clock, which every age is computed against. */
export async function readBasics(redis: Redis, keys: Keys, { problems, signal }: Context): Promise<Basics> {
  const [clock, queues, processes, paused, scheduled, retry, dead, leader, processed, failed] = await redis.read(
    [
      time(),
      scard(keys.queues),
      scard(keys.processes),
      scard(keys.paused),
      zcard(keys.schedule),
      zcard(keys.retry),
      zcard(keys.dead),
      get(keys.leader),
      get(keys.processed),
      get(keys.failed),
    ],
    signal,
  );
  if (!clock.ok) throw clock.error;
  const size = (result: Result<number>, key: string): number => problems.value(result, key, 0);
  const text = (result: Result<string | undefined>, key: string) => problems.value(result, key, undefined);
  return {
    nowMs: clock.value,
    queues: size(queues, keys.queues),
    processes: size(processes, keys.processes),
    paused: size(paused, keys.paused),
    scheduled: size(scheduled, keys.schedule),
    retry: size(retry, keys.retry),
    dead: size(dead, keys.dead),
    leader: text(leader, keys.leader) !== undefined,
    processed: total(text(processed, keys.processed)),
    failed: total(text(failed, keys.failed)),
  };
}

/** The sets: how many of their jobs are due, and for how long the first of them has been. */
export async function readSets(
  redis: Redis,
  keys: Keys,
  { basics, problems, signal }: Context & { readonly basics: Basics },
): Promise<SetState[]> {
  const now = basics.nowMs / 1_000;
  const moved = [
    { set: "scheduled", size: basics.scheduled, key: keys.schedule },
    { set: "retry", size: basics.retry, key: keys.retry },
  ] as const;
  const counts = await redis.read(
    moved.map(({ key }) => zcount(key, "-inf", now)),
    signal,
  );
  const states: SetState[] = [];
  for (const [index, { set, size, key }] of moved.entries()) {
    const overdue = problems.value(counts[index], key, undefined);
    const [first] = overdue ? await redis.read([zrange(key, 0, 0)], signal) : [];
    const score = problems.value(first, key, [])[0]?.score;
    const lag = overdue === 0 ? 0 : overdueFor(score, now);
    states.push({ set, size, overdue, lag });
  }
  return [...states, { set: "dead", size: basics.dead, overdue: undefined, lag: undefined }];
}

function overdueFor(score: number | undefined, now: number): number | undefined {
  // A score of minus infinity, or of before Redis was made (2009), tells no time.
  return score === undefined || !(score > 1.2e9) ? undefined : Math.max(0, now - score);
}

function total(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

import type { Redis } from "../../redis/client.ts";
import { llen, zrange, type Scored } from "../../redis/commands.ts";
import type { SetState } from "../system.ts";
import type { Keys } from "./keys.ts";
import type { Problems } from "../problems.ts";

/** Timestamps whose jobs are counted in one read, the most urgent first; what lies beyond is estimated from them. */
const maxTimestamps = 300;

/**
 * Reads the jobs that resque-scheduler and node-resque keep for later. There is one list a second; the sorted set has one
 * member for each of those, so that its length is not the number of jobs. `timestamps`: the set's length.
 */
export async function readDelayed(
  redis: Redis,
  keys: Keys,
  context: {
    readonly timestamps: number;
    readonly nowMs: number;
    readonly problems: Problems;
    readonly signal: AbortSignal;
  },
): Promise<SetState> {
  const { timestamps, nowMs, problems, signal } = context;
  if (timestamps === 0) return { set: "scheduled", size: 0, overdue: 0, lag: 0 };
  const [first] = await redis.read([zrange(keys.delayed, 0, maxTimestamps - 1)], signal);
  const scored = problems.value(first, keys.delayed, []);
  const results = await redis.read(
    scored.map(({ member }) => llen(keys.delayedAt(member))),
    signal,
  );
  const jobs = results.map((result, index) => problems.value(result, keys.delayedAt(scored[index]?.member ?? ""), 0));
  return { set: "scheduled", size: total(jobs, timestamps), ...overdue(scored, jobs, nowMs / 1_000) };
}

/** The jobs of all timestamps: counted, or estimated by the mean of those counted. */
function total(jobs: readonly number[], timestamps: number): number {
  const counted = jobs.reduce((sum, count) => sum + count, 0);
  return timestamps <= jobs.length || jobs.length === 0 ? counted : Math.round((counted / jobs.length) * timestamps);
}

function overdue(scored: readonly Scored[], jobs: readonly number[], now: number): { overdue: number; lag: number } {
  const due = scored.flatMap(({ score }, index) => (score <= now ? [{ score, count: jobs[index] ?? 0 }] : []));
  const late = due.filter(({ count }) => count > 0);
  return {
    overdue: late.reduce((sum, { count }) => sum + count, 0),
    lag: late[0] === undefined ? 0 : now - late[0].score,
  };
}

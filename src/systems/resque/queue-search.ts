import type { Redis } from "../../redis/client.ts";
import { lindex, llen, lpos, lrange } from "../../redis/commands.ts";
import { Budget } from "../budget.ts";
import type { Keys } from "./keys.ts";
import type { Hit, Look, Search } from "./latency/look.ts";
import { Trail } from "./latency/trail.ts";
import type { Problems } from "../problems.ts";
import { Replies } from "../replies.ts";

/** A queue whose trail may have to be searched for. */
export interface Searched {
  readonly queue: string;
  readonly trail: Trail;
  /** What was seen of it during this read; undefined when it was not its turn. */
  look: Look | undefined;
  size: number;
}

interface SearchContext {
  readonly nowMs: number;
  readonly keys: Keys;
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** Elements that LPOS may walk in one read, over all queues. */
const walkBudget = 200_000;
const rounds = 2;
const nearElements = 3;

/** Looks for the markers of the queues that a look alone did not locate; those longest without come first. */
export async function searchQueues(redis: Redis, queues: readonly Searched[], context: SearchContext): Promise<void> {
  const budget = new Budget(walkBudget);
  const order = queues.toSorted((a, b) => a.trail.locatedMs - b.trail.locatedMs);
  for (let round = 0; round < rounds; round++) {
    const plans = order.flatMap((one) => {
      const searches = one.look ? one.trail.searches() : [];
      const walked = searches.reduce((sum, { maxlen }) => sum + maxlen, 0);
      return searches.length > 0 && budget.take(walked) ? [{ one, searches, near: one.trail.nearIndex(one.size) }] : [];
    });
    if (plans.length === 0) return;
    await search(redis, plans, context);
  }
}

interface SearchPlan {
  readonly one: Searched;
  readonly searches: readonly Search[];
  readonly near: number | undefined;
}

async function search(redis: Redis, plans: readonly SearchPlan[], context: SearchContext): Promise<void> {
  const commands = plans.flatMap(({ one, searches, near }) => {
    const key = context.keys.queue(one.queue);
    return [
      llen(key),
      ...searches.map(({ marker, rank, maxlen }) => lpos(key, marker.text, { rank, maxlen })),
      lindex(key, 0),
      lrange(key, -one.trail.window, -1),
      ...(near === undefined ? [] : [lrange(key, near, near + nearElements - 1)]),
    ];
  });
  const replies = new Replies(await redis.read(commands, context.signal), context.problems);
  for (const { one, searches, near } of plans) {
    const key = context.keys.queue(one.queue);
    const size = replies.number(key) ?? 0;
    const hits: Hit[] = searches.map((asked) => ({ search: asked, index: replies.number(key) }));
    const head = replies.text(key);
    const tail = replies.texts(key);
    const nearby = near === undefined ? {} : { near: { index: near, elements: replies.texts(key) } };
    one.size = size;
    one.look = { atMs: context.nowMs, size, head, tail, ...nearby };
    if (size === 0) one.trail.look(one.look);
    else one.trail.found(hits, one.look);
  }
}

/** Trails as `save` gave them, by queue; what is not understood is left out. */
export function savedTrails(state: unknown): { queue: string; trail: Trail }[] {
  if (!Array.isArray(state)) return [];
  return state.flatMap((entry: unknown) => {
    if (entry === null || typeof entry !== "object" || !("queue" in entry) || !("trail" in entry)) return [];
    const trail = Trail.restore(entry.trail);
    return trail && typeof entry.queue === "string" ? [{ queue: entry.queue, trail }] : [];
  });
}

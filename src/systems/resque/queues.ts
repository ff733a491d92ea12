import type { Redis } from "../../redis/client.ts";
import { lindex, llen, lrange, memoryUsage } from "../../redis/commands.ts";
import { Budget } from "../budget.ts";
import { HeadReader } from "./heads.ts";
import type { InvalidCounter } from "../invalid-payloads.ts";
import type { Keys } from "./keys.ts";
import { savedTrails, searchQueues, type Searched } from "./queue-search.ts";
import type { Look } from "./latency/look.ts";
import { Trail } from "./latency/trail.ts";
import type { Problems } from "../problems.ts";
import { Replies } from "../replies.ts";

/** What was found of one queue. */
export interface QueueReading {
  readonly queue: string;
  readonly size: number | undefined;
  readonly latency: number | undefined;
  readonly latencyUncertainty: number | undefined;
  readonly payloadBytes: number | undefined;
}

export interface QueueContext {
  readonly nowMs: number;
  /** Whether the queues given are all there are: then one that appears was empty before. */
  readonly whole: boolean;
  /** Jobs that workers ever began, as far as Redis counts them. */
  readonly attempts: number;
  readonly problems: Problems;
  readonly invalid: InvalidCounter;
  readonly signal: AbortSignal;
}

/** Bytes of payloads that one read may bring. */
const contentBytes = 8 * 1024 * 1024;
/** Of queues whose jobs are larger than this only the oldest job is read. */
const largePayload = 16 * 1024;
/** Sizes of payloads are asked for at the first look, then of a twentieth of the queues at each read. */
const sizingTurns = 20;
/** After a restart longer stretches are read, of this many queues a read. */
const restoresPerRead = 40;

interface Memory extends Searched {
  readonly heads: HeadReader;
  payloadBytes: number | undefined;
  /** 0 where it could not be read. */
  size: number;
  sized: boolean;
  readMs: number;
}

/** What to read of a queue; `window` youngest elements along with the oldest one; undefined: its size alone. */
interface Plan {
  readonly memory: Memory;
  readonly sizing: boolean;
  readonly window: number | undefined;
  readonly head: boolean;
}

/** Reads sizes, latencies and what was added and taken, of all queues, within a fixed cost. */
export class QueueReader {
  readonly #keys: Keys;
  #memories = new Map<string, Memory>();
  #readMs: number | undefined;
  #turn = 0;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  async read(redis: Redis, queues: readonly string[], context: QueueContext): Promise<QueueReading[]> {
    this.#remember(queues, context.whole);
    await this.#lookAtAll(redis, context);
    const memories = [...this.#memories.values()];
    await searchQueues(redis, memories, { ...context, keys: this.#keys });
    for (const { trail, look } of memories) if (look) trail.settle(look, context.attempts);
    this.#readMs = context.nowMs;
    this.#turn++;
    return memories.map((memory) => readingOf(memory, context));
  }

  /** What was seen pushed and popped since the last call, by queue. */
  take(): ReadonlyMap<string, { readonly enqueued: number; readonly dequeued: number }> {
    return new Map([...this.#memories].map(([queue, { trail }]) => [queue, trail.take()]));
  }

  save(): unknown {
    return [...this.#memories].map(([queue, { trail }]) => ({ queue, trail: trail.save() }));
  }

  restore(state: unknown): void {
    for (const { queue, trail } of savedTrails(state)) this.#memories.set(queue, memoryOf(queue, trail));
  }

  #remember(queues: readonly string[], whole: boolean): void {
    const before = this.#memories;
    const emptySinceMs = whole ? this.#readMs : undefined;
    this.#memories = new Map(
      queues.map((queue) => [queue, before.get(queue) ?? memoryOf(queue, new Trail(emptySinceMs))]),
    );
  }

  /** One round trip for what is known to hold jobs, and for all sizes; another for queues that hold some since. */
  async #lookAtAll(redis: Redis, context: QueueContext): Promise<void> {
    const bytes = new Budget(contentBytes);
    const restores = new Budget(restoresPerRead);
    const longestFirst = [...this.#memories.values()].toSorted((a, b) => a.readMs - b.readMs);
    const plans = longestFirst.map((memory, index): Plan => {
      memory.look = undefined;
      const sizing = memory.payloadBytes === undefined || (this.#turn + index) % sizingTurns === 0;
      const known = memory.size > 0 && memory.payloadBytes !== undefined;
      return this.#plan(memory, sizing, known ? windowOf(memory, bytes, restores) : undefined);
    });
    await this.#look(redis, plans, context);
    const rest = plans.filter(({ memory, window }) => window === undefined && memory.size > 0);
    const second = rest.map(({ memory }) => this.#plan(memory, false, windowOf(memory, bytes, restores)));
    const readable = second.filter(({ window }) => window !== undefined);
    if (readable.length < second.length)
      context.problems.add("READ_PARTIAL", `payloads of ${second.length - readable.length} queues wait for their turn`);
    await this.#look(redis, readable, context);
  }

  #plan(memory: Memory, sizing: boolean, window: number | undefined): Plan {
    const head = window !== undefined && (window === 0 || memory.trail.restoring || memory.heads.wanted(this.#turn));
    return { memory, sizing, window, head };
  }

  async #look(redis: Redis, plans: readonly Plan[], context: QueueContext): Promise<void> {
    const commands = plans.flatMap(({ memory, sizing, window, head }) => {
      const key = this.#keys.queue(memory.queue);
      return [
        llen(key),
        ...(sizing ? [memoryUsage(key, 5)] : []),
        ...(head ? [lindex(key, 0)] : []),
        ...(window ? [lrange(key, -window, -1)] : []),
      ];
    });
    const replies = new Replies(await redis.read(commands, context.signal), context.problems);
    for (const plan of plans) takeLook(plan, this.#keys.queue(plan.memory.queue), { replies, context });
  }
}

function takeLook(
  { memory, sizing, window, head: wanted }: Plan,
  key: string,
  { replies, context }: { replies: Replies; context: QueueContext },
): void {
  const size = replies.number(key);
  memory.size = size ?? 0;
  memory.sized = size !== undefined;
  if (sizing) memory.payloadBytes = bytesPerJob(replies.number(key), memory.size);
  const head = wanted ? replies.text(key) : undefined;
  const tail = window ? replies.texts(key) : [];
  if (!memory.sized || (window === undefined && memory.size > 0)) return;
  const look: Look = { atMs: context.nowMs, size: memory.size, head, tail };
  memory.look = look;
  memory.readMs = context.nowMs;
  memory.heads.take(look, context.invalid);
  if (window !== 0) memory.trail.look(look);
}

function memoryOf(queue: string, trail: Trail): Memory {
  const heads = new HeadReader(queue);
  return { queue, trail, heads, look: undefined, payloadBytes: undefined, size: 0, sized: false, readMs: 0 };
}

function bytesPerJob(bytes: number | undefined, size: number): number | undefined {
  return bytes === undefined || size === 0 ? undefined : Math.round(bytes / size);
}

/** How many of the youngest elements may be read: 0 for the oldest alone, undefined for nothing this time. */
function windowOf(memory: Memory, bytes: Budget, restores: Budget): number | undefined {
  const each = memory.payloadBytes ?? 0;
  if (each > largePayload) return bytes.take(each) ? 0 : undefined;
  if (memory.trail.restoring && !restores.take(1)) return undefined;
  const { window } = memory.trail;
  return bytes.take(each * (window + 1)) ? window : undefined;
}

function readingOf(memory: Memory, { nowMs, problems }: QueueContext): QueueReading {
  const { queue, payloadBytes } = memory;
  const size = memory.sized ? memory.size : undefined;
  const common = { queue, size, payloadBytes: memory.size === 0 ? undefined : payloadBytes };
  if (size === 0) return { ...common, latency: 0, latencyUncertainty: undefined };
  if (!memory.look) return { ...common, latency: undefined, latencyUncertainty: undefined };
  const exact = memory.heads.latency(nowMs, problems);
  if (exact !== undefined) return { ...common, latency: exact, latencyUncertainty: undefined };
  const estimate = memory.trail.estimate(nowMs);
  return { ...common, latency: estimate?.latency, latencyUncertainty: estimate?.uncertainty };
}

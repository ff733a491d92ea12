import type { Redis } from "../../redis/client.ts";
import { lindex, llen, lpos, lrange, memoryUsage } from "../../redis/commands.ts";
import { Budget } from "../budget.ts";
import type { InvalidCounter } from "../invalid-payloads.ts";
import type { Problems } from "../problems.ts";
import { Replies } from "../replies.ts";
import type { Keys } from "./keys.ts";
import { QueueFlow } from "./queue-flow.ts";
import { QueueHead } from "./queue-heads.ts";

/** What was found of one queue. */
export interface QueueReading {
  readonly queue: string;
  readonly size: number | undefined;
  readonly latency: number | undefined;
  readonly payloadBytes: number | undefined;
  readonly enqueuedSince: number;
  readonly dequeuedSince: number;
}

export interface QueueContext {
  readonly nowMs: number;
  /** Whether the queues given are all there are: then one that appears was empty before. */
  readonly whole: boolean;
  readonly problems: Problems;
  readonly invalid: InvalidCounter;
  readonly signal: AbortSignal;
}

/** Elements that LPOS may walk during one read, over all queues. */
const walkPerRead = 200_000;
/** Of one queue at most this many. */
const walkPerQueue = 20_000;
/** Of queues whose jobs are larger than this on average, the oldest one is read only at every fourth read. */
const largePayload = 16 * 1_024;
const largeEvery = 4;
/** Bytes of large jobs that one read may bring, and the largest one that is read at all. */
const largeBytes = 4 * 1_024 * 1_024;
const largestRead = 8 * 1_024 * 1_024;
/** Sizes of payloads are asked for at the first look, then of a twentieth of the queues at each read. */
const sizingTurns = 20;
/** Where the oldest element is no job, the oldest real one is looked for among this many. */
const searched = 16;
/** Of this many queues a read. */
const searchesPerRead = 100;

interface Memory {
  readonly queue: string;
  readonly head: QueueHead;
  readonly flow: QueueFlow;
  /** 0 where it could not be read. */
  size: number;
  sized: boolean;
  payloadBytes: number | undefined;
  /** The read at which its oldest element was last taken. */
  readTurn: number;
}

interface Plan {
  readonly memory: Memory;
  readonly sizing: boolean;
  readonly reading: boolean;
}

/** Reads sizes, latencies and what was added and taken, of all queues, within a fixed cost. */
export class QueueReader {
  readonly #keys: Keys;
  #memories = new Map<string, Memory>();
  #turn = 0;
  #walkFrom = 0;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  async read(redis: Redis, queues: readonly string[], context: QueueContext): Promise<void> {
    this.#remember(queues, context.whole);
    const memories = [...this.#memories.values()];
    const large = new Budget(largeBytes);
    const first = memories.map((memory, index): Plan => {
      const sizing = memory.payloadBytes === undefined || (this.#turn + index) % sizingTurns === 0;
      const known = memory.size > 0 && memory.payloadBytes !== undefined;
      return { memory, sizing, reading: known && this.#mayRead(memory, large) };
    });
    const took = await this.#look(redis, first, context);
    // Queues that hold jobs since: their size of payloads is known now.
    const second = first
      .filter(({ memory, reading }) => !reading && memory.size > 0 && memory.readTurn !== this.#turn)
      .filter(({ memory }) => !took.has(memory) && this.#isDue(memory) && this.#mayRead(memory, large))
      .map(({ memory }) => ({ memory, sizing: memory.payloadBytes === undefined, reading: true }));
    const moved = [...took.values(), ...(await this.#look(redis, second, context)).values()];
    await this.#search(redis, moved, context);
    await this.#follow(redis, moved, context);
    this.#turn++;
  }

  #remember(queues: readonly string[], whole: boolean): void {
    const before = this.#memories;
    const fresh = (queue: string): Memory => ({
      queue,
      head: new QueueHead(queue),
      flow: new QueueFlow(whole && this.#turn > 0),
      size: 0,
      sized: false,
      payloadBytes: undefined,
      readTurn: -largeEvery,
    });
    this.#memories = new Map(queues.map((queue) => [queue, before.get(queue) ?? fresh(queue)]));
  }

  #isDue({ payloadBytes = 0, readTurn }: Memory): boolean {
    return payloadBytes <= largePayload || this.#turn - readTurn >= largeEvery;
  }

  #mayRead(memory: Memory, large: Budget): boolean {
    const { payloadBytes = 0 } = memory;
    if (payloadBytes <= largePayload) return true;
    return payloadBytes <= largestRead && this.#isDue(memory) && large.take(payloadBytes);
  }

  /** Gives what was seen of queues whose oldest element was read, or which are empty. */
  async #look(redis: Redis, plans: readonly Plan[], context: QueueContext): Promise<Map<Memory, Seen>> {
    const commands = plans.flatMap(({ memory, sizing, reading }) => {
      const key = this.#keys.queue(memory.queue);
      return [llen(key), ...(sizing ? [memoryUsage(key, 2)] : []), ...(reading ? [lindex(key, -1)] : [])];
    });
    const replies = new Replies(await redis.read(commands, context.signal), context.problems);
    const seen = new Map<Memory, Seen>();
    for (const plan of plans) {
      const one = this.#takeLook(plan, replies, context);
      if (one) seen.set(plan.memory, one);
    }
    return seen;
  }

  #takeLook({ memory, sizing, reading }: Plan, replies: Replies, context: QueueContext): Seen | undefined {
    const key = this.#keys.queue(memory.queue);
    const size = replies.number(key);
    memory.size = size ?? 0;
    memory.sized = size !== undefined;
    if (sizing) takeUsage(memory, replies.number(key), context.invalid);
    const text = reading ? replies.text(key) : undefined;
    if (!memory.sized || (memory.size > 0 && text === undefined)) return undefined;
    const head = memory.size === 0 ? undefined : text;
    const standing = memory.flow.stands(memory.size, memory.head.same(head));
    const valid = memory.head.take(head, context.nowMs, context.invalid);
    foresee(memory, head?.length ?? 0);
    memory.readTurn = this.#turn;
    return { memory, standing, valid };
  }

  /** The oldest element of some queues is no job: the oldest one that is gives the latency. */
  async #search(redis: Redis, seen: readonly Seen[], context: QueueContext): Promise<void> {
    const some = seen
      .filter(({ valid, memory }) => !valid && (memory.payloadBytes ?? 0) <= largePayload)
      .slice(0, searchesPerRead);
    const results = await redis.read(
      some.map(({ memory }) => lrange(this.#keys.queue(memory.queue), -searched, -1)),
      context.signal,
    );
    some.forEach(({ memory }, index) => {
      const texts = context.problems.value(results[index], this.#keys.queue(memory.queue), []);
      memory.head.search(texts, context.nowMs, context.invalid);
    });
  }

  /** Finds the former newest jobs, in turn, while the budget lasts; queues that wait are followed at a later read. */
  async #follow(redis: Redis, seen: readonly Seen[], { signal, problems }: QueueContext): Promise<void> {
    const moved = seen.filter(({ standing, memory }) => !standing && (memory.payloadBytes ?? 0) <= largePayload);
    const from = moved.length === 0 ? 0 : this.#walkFrom % moved.length;
    const budget = new Budget(walkPerRead);
    const plans = [...moved.slice(from), ...moved.slice(0, from)].flatMap(({ memory }) => {
      const walk = memory.flow.mark === undefined ? 0 : Math.min(memory.size, walkPerQueue);
      return budget.take(walk) ? [{ memory, walk, mark: memory.flow.mark }] : [];
    });
    this.#walkFrom += plans.length < moved.length ? plans.length : 0;
    const commands = plans.flatMap(({ memory, walk, mark }) => {
      const key = this.#keys.queue(memory.queue);
      const find = mark === undefined || walk === 0 ? [] : [lpos(key, mark, { rank: 1, maxlen: walk })];
      return memory.size === 0 ? find : [...find, lindex(key, 0), llen(key)];
    });
    const replies = new Replies(await redis.read(commands, signal), problems);
    for (const { memory, walk, mark } of plans) {
      const key = this.#keys.queue(memory.queue);
      const found = mark === undefined || walk === 0 ? undefined : replies.number(key);
      const newest = memory.size === 0 ? undefined : replies.text(key);
      const size = memory.size === 0 ? 0 : (replies.number(key) ?? memory.size);
      memory.flow.update({ size, newest, found, walked: walk });
    }
  }

  /** Whether jobs of the queue are so large that few of them should be read. */
  isLarge(queue: string): boolean {
    return (this.#memories.get(queue)?.payloadBytes ?? 0) > largePayload;
  }

  /** What is known now; what was counted since the last call is given once. */
  take(nowMs: number, problems: Problems): QueueReading[] {
    return [...this.#memories.values()].map(({ queue, size, sized, payloadBytes, head, flow }) => ({
      queue,
      size: sized ? size : undefined,
      payloadBytes: size === 0 ? undefined : payloadBytes,
      latency: size > 0 ? head.latency(nowMs, problems) : sized ? 0 : undefined,
      ...flow.take(),
    }));
  }
}

interface Seen {
  readonly memory: Memory;
  /** Nothing moved since the last read. */
  readonly standing: boolean;
  /** The oldest element is a job. */
  readonly valid: boolean;
}

/** A large job behind small ones was not foreseen by the average: from now on it is. */
function foresee(memory: Memory, bytes: number): void {
  if (bytes > largePayload) memory.payloadBytes = Math.max(memory.payloadBytes ?? 0, bytes);
}

/** Takes the rough bytes of a queue, as MEMORY USAGE says. */
function takeUsage(memory: Memory, bytes: number | undefined, invalid: InvalidCounter): void {
  if (memory.size === 0) return;
  // Where it may not be asked, jobs are taken to be of ordinary size.
  memory.payloadBytes = bytes === undefined ? memory.payloadBytes : Math.round(bytes / memory.size);
  if ((memory.payloadBytes ?? 0) > largestRead)
    invalid.count(memory.queue, `more than ${largestRead} bytes a job`, "too_large");
}

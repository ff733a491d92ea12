import assert from "node:assert/strict";
import { test } from "node:test";
import type { Redis } from "../../../src/redis/client.ts";
import type { Command } from "../../../src/redis/commands.ts";
import { Problems } from "../../../src/systems/problems.ts";
import { keysUnder } from "../../../src/systems/resque/keys.ts";
import type { Trail } from "../../../src/systems/resque/latency/trail.ts";
import { searchQueues } from "../../../src/systems/resque/queue-search.ts";

/** A queue that wants to have 20,000 elements walked, whenever it is asked. */
function wanting(queue: string, locatedMs: number) {
  const marker = { text: "x", number: 1 };
  const trail = {
    locatedMs,
    window: 4,
    searches: () => [{ marker, rank: -1 as const, maxlen: 20_000 }],
    nearIndex: () => undefined,
    found: () => undefined,
    look: () => undefined,
  };
  const look = { atMs: 0, size: 20_000, head: undefined, tail: [] };
  return { queue, size: 20_000, look, trail: trail as unknown as Trail };
}

test("200 queues of 20,000 jobs: no more elements are walked than the budget, those longest without first", async () => {
  const sent: Command<unknown>[] = [];
  const read = async (commands: readonly Command<unknown>[]) => {
    sent.push(...commands);
    return commands.map(() => ({ ok: true, value: undefined }));
  };
  const redis = { read, cost: { commands: 0, receivedBytes: 0 }, close: () => undefined } as unknown as Redis;
  const queues = Array.from({ length: 200 }, (_, index) => wanting(`q${index}`, 1_000 - index));
  const problems = new Problems();
  const signal = AbortSignal.timeout(1_000);
  await searchQueues(redis, queues, { nowMs: 0, keys: keysUnder("resque:"), problems, signal });
  const searches = sent.filter(({ name }) => name === "lpos");
  const walked = searches.map(({ args }) => Number(args[args.indexOf("MAXLEN") + 1]));
  assert.equal(
    walked.reduce((sum, elements) => sum + elements, 0),
    200_000,
  );
  assert.deepEqual(
    searches.map(({ args }) => args[0]),
    Array.from({ length: 10 }, (_, index) => `resque:queue:q${199 - index}`),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { loop } from "../../src/collect/loop.ts";

/** Runs a loop on a clock that only moves with its waits and ticks. */
async function run(ticks: readonly number[], phase: number): Promise<{ starts: number[]; overruns: number[] }> {
  const stop = new AbortController();
  const starts: number[] = [];
  const overruns: number[] = [];
  let now = 0;
  const wait = (ms: number): void => void (now += Math.max(0, ms));
  await loop(
    async () => {
      starts.push(now);
      now += ticks[starts.length - 1] ?? 0;
      if (starts.length === ticks.length) stop.abort();
    },
    {
      intervalMs: 100,
      clock: { now: () => now, monotonic: () => now },
      signal: stop.signal,
      phase,
      onOverrun: (ms) => overruns.push(ms),
      wait: async (ms, signal) => (wait(ms), !signal.aborted),
    },
  );
  return { starts, overruns };
}

test("ticks at once, then at its own phase, then each interval", async () => {
  const { starts } = await run([1, 1, 1, 1], 0.5);
  assert.deepEqual(starts, [0, 75, 175, 275]);
});

test("a tick that takes long shifts nothing; ticks that were missed are left out and said", async () => {
  const { starts, overruns } = await run([1, 250, 1, 1], 0);
  assert.deepEqual(starts, [0, 50, 350, 450]);
  assert.deepEqual(overruns, [250]);
});

test("a first tick longer than the phase does not make a second one at once", async () => {
  const { starts } = await run([90, 1, 1], 0);
  assert.deepEqual(starts, [0, 150, 250]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { loop } from "../../src/collect/loop.ts";

/** Runs a loop on a clock that only moves with its waits and ticks; a tick that takes a negative time fails, one of NaN throws. */
async function run(ticks: readonly number[], phase: number, intervalMs = 100) {
  const stop = new AbortController();
  const starts: number[] = [];
  const overruns: number[] = [];
  const failures: unknown[] = [];
  const due: boolean[] = [];
  let now = 0;
  const wait = (ms: number): void => void (now += Math.max(0, ms));
  await loop(
    async (isDue) => {
      starts.push(now);
      const took = ticks[starts.length - 1] ?? 0;
      if (Number.isNaN(took)) throw new Error(`at ${now}`);
      now += Math.abs(took);
      due.push(isDue());
      if (starts.length === ticks.length) stop.abort();
      return took >= 0;
    },
    {
      intervalMs,
      clock: { now: () => now, monotonic: () => now },
      signal: stop.signal,
      phase,
      onOverrun: (ms) => overruns.push(ms),
      onFailure: (thrown) => failures.push(thrown),
      wait: async (ms, signal) => (wait(ms), !signal.aborted),
    },
  );
  return { starts, overruns, due, failures };
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

test("a failed tick is tried again every 3 s, and only the interval's own turn is due", async () => {
  const { starts, due } = await run([-1, -1, -1, 1, 1], 0, 15_000);
  assert.deepEqual(starts, [0, 3_001, 6_002, 7_500, 22_500]);
  assert.deepEqual(due, [true, false, false, true, true]);
});

test("an early turn that succeeds leaves the next one where it was", async () => {
  const { starts, due } = await run([-1, 1, 1], 1, 15_000);
  assert.deepEqual(starts, [0, 3_001, 15_000]);
  assert.deepEqual(due, [true, false, true]);
});

test("an early turn that lasts until the interval's own stands for it", async () => {
  const { starts, due, overruns } = await run([-10_000, -10_000, 1, 1], 1, 15_000);
  assert.deepEqual(starts, [0, 13_000, 26_000, 30_000]);
  assert.deepEqual([due, overruns], [[true, true, false, true], []]);
});

test("with a short interval a failed tick waits for the next", async () => {
  const { starts, due } = await run([-1, -1, 1], 0.5);
  assert.deepEqual(
    [starts, due],
    [
      [0, 75, 175],
      [true, true, true],
    ],
  );
});

test("a tick that throws is said, and tried again as one that failed", async () => {
  const { starts, failures } = await run([Number.NaN, 1, 1], 0, 15_000);
  assert.deepEqual(starts, [0, 3_000, 7_500]);
  assert.deepEqual(failures.map(String), ["Error: at 0"]);
});

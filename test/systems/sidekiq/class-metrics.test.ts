import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { ClassState, Reader } from "../../../src/systems/system.ts";
import { bucketsOf } from "../../../src/systems/sidekiq/minute-buckets.ts";
import { openWorld, type World } from "./world.ts";

const startMs = Date.UTC(2026, 10, 2, 3, 5, 10);

let world: World;
let reader: Reader;

before(async () => {
  world = await openWorld();
});
after(() => world.stop());
beforeEach(async () => {
  await world.clear();
  world.nowMs = startMs;
  reader = world.open();
});

const later = (seconds: number) => (world.nowMs = (world.nowMs ?? 0) + seconds * 1_000);

async function read(): Promise<ClassState | undefined> {
  const { classes, problems } = await world.read(reader);
  assert.deepEqual(problems, []);
  return classes.find(({ jobClass }) => jobClass === "A|B");
}

/** Executions of the class in the bucket of a moment: in all, failed, and each successful one in 20 ms. */
async function bucket(ms: number, processed: number, failed = 0, generation: 0 | 1 = 1): Promise<void> {
  const one = bucketsOf(Math.floor(ms / 60_000), "")[generation];
  assert.ok(one);
  const done = processed - failed;
  const fields = ["A|B|p", processed, "A|B|f", failed, "A|B|ms", done * 20];
  const histogram = Buffer.from([0, 0, done >> 8, done & 255]);
  await world.send(["HSET", one.key, ...fields], ["SET", one.histogram("A|B"), histogram]);
}

test("keys of both generations", () => {
  const [old, recent] = bucketsOf(Math.floor(Date.UTC(2026, 10, 2, 3, 5) / 60_000), "");
  assert.deepEqual([old?.key, old?.histogram("J")], ["j|20261102|3:5", "J-02-03:5"]);
  assert.deepEqual([recent?.key, recent?.histogram("J")], ["j|261102|3:05", "h|J-2-3:5"]);
});

for (const generation of [0, 1] as const)
  test(`what is there at first is not counted, growth is, late flushes too (generation ${generation})`, async () => {
    await bucket(startMs, 10, 2, generation);
    const first = await read();
    assert.deepEqual([first?.processedSince, first?.failedSince], [0, 0]);
    await bucket(startMs, 15, 3, generation);
    const grown = await read();
    assert.deepEqual([grown?.processedSince, grown?.failedSince], [5, 1]);
    assert.deepEqual(grown?.durationSince, { counts: [0, 4, ...Array.from({ length: 24 }, () => 0)], sum: 0.08 });
    later(60);
    await bucket(startMs, 17, 3, generation);
    await bucket(startMs + 60_000, 1, 0, generation);
    assert.equal((await read())?.processedSince, 3);
    assert.equal((await read())?.processedSince, 0);
  });

test("after hours away all comes in one point, and nothing before that", async () => {
  await bucket(startMs, 1);
  await read();
  const saved: unknown = JSON.parse(JSON.stringify(reader.save()));
  for (let minute = 1; minute <= 100; minute++) await bucket(startMs + minute * 60_000, 300);
  later(6_000);
  reader = world.open();
  reader.restore(saved);
  const seen: (number | undefined)[] = [];
  for (let tick = 0; tick < 8; tick++) {
    const state = await read();
    seen.push(state?.processedSince);
    // A restart in between loses nothing.
    const next = world.open();
    next.restore(JSON.parse(JSON.stringify(reader.save())));
    reader = next;
  }
  const known = seen.filter((value) => value !== undefined);
  assert.equal(seen[0], undefined);
  assert.equal(known[0], 30_000);
  assert.deepEqual(
    known.slice(1),
    known.slice(1).map(() => 0),
  );
});

test("a full counter is said", async () => {
  await read();
  await bucket(startMs, 65_535);
  const { problems } = await world.read(reader);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["READ_PARTIAL"],
  );
});

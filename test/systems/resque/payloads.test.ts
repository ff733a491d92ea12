import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openWorld, type World } from "./world.ts";

let world: World;
before(async () => (world = await openWorld()));
after(() => world.stop());
beforeEach(async () => {
  world.nowMs = undefined;
  await world.clear();
});
const cli = (...args: readonly string[]) => world.server.cli(args);

const now = Date.parse("2026-11-22T03:45:00Z");
const kinds: readonly (readonly [what: string, payload: object])[] = [
  [
    "ActiveJob 7.2",
    { class: "W", args: [{ job_class: "J", job_id: "1", enqueued_at: "2026-11-22T03:44:00.250000000Z" }] },
  ],
  ["ActiveJob 6.1", { class: "W", args: [{ job_class: "J", job_id: "1", enqueued_at: "2026-11-22T03:44:00Z" }] }],
  ["seconds", { class: "J", args: [1], enqueued_at: now / 1_000 - 60 }],
  ["milliseconds", { class: "J", args: [1], queued_at: now - 60_000 }],
  ["seconds as text", { class: "J", args: [1], timestamp: String(now / 1_000 - 60) }],
  ["php-resque", { class: "J", args: [[1]], id: "a", queue_time: now / 1_000 - 60.123 }],
];
for (const [what, payload] of kinds)
  test(`a payload that tells its time gives an exact latency: ${what}`, async () => {
    world.nowMs = now;
    await cli("SADD", "resque:queues", "q");
    await cli("RPUSH", "resque:queue:q", JSON.stringify(payload), '{"class":"J","args":[2]}');
    const [queue] = (await world.read(world.open())).queues;
    assert.ok(Math.abs((queue?.latency ?? 0) - 60) < 0.3);
    assert.equal(queue?.latencyUncertainty, undefined);
  });

test("large payloads: only the oldest is read, and not of all queues at once", async () => {
  world.nowMs = now;
  const large = JSON.stringify({ class: "J", args: ["x".repeat(100_000)], enqueued_at: now / 1_000 - 60 });
  const file = Array.from(
    { length: 120 },
    (_, index) => `SADD resque:queues big${index}\nRPUSH resque:queue:big${index} '${large}' '${large}'`,
  );
  await world.load(file.join("\n"));
  const reader = world.open();
  const known = new Set<string>();
  for (let tick = 0; tick < 3; tick++) {
    const sofar = world.redis.cost.receivedBytes;
    const { queues, problems } = await world.read(reader);
    for (const { queue, latency } of queues) if (latency !== undefined) known.add(queue);
    assert.ok(world.redis.cost.receivedBytes - sofar < 12_000_000);
    assert.ok(queues.every(({ size, payloadBytes }) => size === 2 && (payloadBytes ?? 0) > 50_000));
    assert.ok(tick > 0 || problems.some(({ code }) => code === "READ_PARTIAL"));
  }
  assert.equal(known.size, 120, "each had its turn");
});

test("large payloads in workers' hands are read in turns too", async () => {
  world.nowMs = now;
  const entry = JSON.stringify({
    queue: "q",
    run_at: "2026-11-22T03:44:00Z",
    payload: { class: "J", args: ["x".repeat(100_000)] },
  });
  const file = Array.from(
    { length: 300 },
    (_, index) => `SADD resque:workers h:${index + 1}:q\nSET resque:worker:h:${index + 1}:q '${entry}'`,
  );
  await world.load(file.join("\n"));
  const { classes, problems, workers } = await world.read(world.open());
  assert.equal(workers.active, 300);
  assert.ok((classes[0]?.running ?? 0) >= 80 && (classes[0]?.running ?? 0) < 300);
  assert.ok(problems.some(({ code }) => code === "READ_PARTIAL"));
});

test("no argument of a job is in a snapshot, or in what is saved", async () => {
  world.nowMs = now;
  const secret = "4111-1111-1111-1111";
  await cli("SADD", "resque:queues", "q");
  for (let index = 0; index < 5; index++)
    await cli("RPUSH", "resque:queue:q", JSON.stringify({ class: "Pay", args: [secret, index] }), `{broken ${secret}`);
  await cli(
    "RPUSH",
    "resque:failed",
    JSON.stringify({ payload: { class: "Pay", args: [secret] }, exception: "E", error: secret, queue: "q" }),
  );
  await cli("SADD", "resque:workers", "h:1:q");
  await cli("HSET", "resque:workers:heartbeat", "h:1:q", "2026-11-22T02:45:00Z");
  await cli(
    "SET",
    "resque:worker:h:1:q",
    JSON.stringify({ queue: "q", run_at: "2026-11-22T02:44:00Z", payload: { class: "Pay", args: [secret] } }),
  );
  const reader = world.open();
  const snapshot = await world.read(reader);
  assert.equal(snapshot.queues[0]?.size, 10);
  assert.doesNotMatch(JSON.stringify([snapshot, reader.save()]), /4111/);
});

test("the state of another version, or of nobody's making, is ignored", async () => {
  await cli("SADD", "resque:queues", "q");
  const junk = [
    null,
    7,
    "x",
    [],
    { queues: 7, ledger: {}, lost: "x", lock: [], schedules: { a: 1 }, variety: 3 },
    {
      queues: [
        { queue: 1, trail: {} },
        { queue: "q", trail: null },
      ],
    },
  ];
  for (const state of junk) {
    const reader = world.open();
    reader.restore(state);
    assert.equal((await world.read(reader)).queues[0]?.queue, "q");
  }
});

test("a restart goes on: latency with its bounds, what was added meanwhile, and no false count", async () => {
  world.nowMs = now;
  const first = world.open();
  await world.read(first);
  await cli("SADD", "resque:queues", "q");
  for (let index = 0; index < 20; index++) await cli("RPUSH", "resque:queue:q", `{"class":"J","args":[${index}]}`);
  world.nowMs = now + 15_000;
  await world.read(first);
  const state: unknown = JSON.parse(JSON.stringify(first.save()));
  for (let index = 20; index < 30; index++) await cli("RPUSH", "resque:queue:q", `{"class":"J","args":[${index}]}`);
  const second = world.open();
  second.restore(state);
  world.nowMs = now + 300_000;
  const [queue] = (await world.read(second)).queues;
  assert.equal(queue?.enqueuedSince, 10);
  assert.ok(queue.latency !== undefined && queue.latencyUncertainty !== undefined);
  assert.ok(queue.latency >= 285 && queue.latency <= 300, "pushed between the first and the second read");
});

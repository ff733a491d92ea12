import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { sidekiq } from "../../../src/systems/sidekiq/system.ts";
import { openWorld, type World } from "./world.ts";

const nowMs = Date.UTC(2026, 10, 22, 3, 5, 10);
const at = nowMs - 10_000;

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.stop());
beforeEach(async () => {
  await world.clear();
  world.nowMs = nowMs;
});

const job = (more: object = {}) => JSON.stringify({ class: "Mail", jid: "a", args: [], enqueued_at: at, ...more });

test("a key of another type is a problem; the rest is read", async () => {
  const keys = ["processes", "paused", "schedule", "retry", "dead", "stat:failed", "j|261122|3:05", "20261122-marks"];
  await world.send(["SADD", "queues", "mail", "odd"], ["LPUSH", "queue:mail", job()], ["SET", "queue:odd", "text"]);
  await world.send(["SET", "stat:processed", 7], ...keys.map((key) => ["LPUSH", key, "x"]));
  const snapshot = await world.read(world.open());
  assert.ok(snapshot.problems.every(({ code }) => code === "REDIS_TYPE"));
  for (const key of [...keys, "queue:odd"])
    assert.ok(
      snapshot.problems.some(({ message }) => message.startsWith(`${key}:`)),
      key,
    );
  assert.deepEqual(
    snapshot.queues.map(({ queue, size, latency }) => [queue, size, latency]),
    [
      ["mail", 1, 10],
      ["odd", undefined, undefined],
    ],
  );
  assert.equal(snapshot.jobs.processed, 7);
});

describe("a command that is refused is a problem; the rest is read", () => {
  for (const refused of sidekiq.commands.filter((name) => name !== "time" && name !== "hget"))
    test(refused, async () => {
      await using closing = new AsyncDisposableStack();
      const limited = await openWorld("", [refused as "get"]);
      closing.defer(() => limited.stop());
      limited.nowMs = nowMs;
      await limited.send(["SADD", "queues", "mail"], ["LPUSH", "queue:mail", job()], ["ZADD", "retry", 5, job()]);
      await limited.send(["SET", "stat:processed", 7]);
      const { problems, jobs } = await limited.read(limited.open());
      assert.ok(problems.every(({ code }) => code === "REDIS_PERMISSION"));
      if (!["hgetall", "hmget", "lpos", "lrange", "sscan"].includes(refused)) assert.ok(problems.length > 0);
      if (refused !== "get") assert.equal(jobs.processed, 7);
    });
});

describe("payloads", () => {
  const faults: readonly (readonly [string, string])[] = [
    ["malformed", "{not json"],
    ["malformed", "[]"],
    ["malformed", '"\\u0000"'],
    ["no_class", '{"__proto__":{"class":"X"}}'],
    ["absurd_time", JSON.stringify({ class: "Mail", enqueued_at: 1e300 })],
    ["absurd_time", JSON.stringify({ class: "Mail", enqueued_at: "yesterday" })],
  ];
  for (const [fault, text] of faults)
    test(`${fault}: ${text.slice(0, 30)} is counted once and hides nothing`, async () => {
      await world.send(["SADD", "queues", "mail"], ["RPUSH", "queue:mail", job(), text]);
      const reader = world.open();
      const first = await world.read(reader);
      assert.deepEqual(first.invalidSince, [{ queue: "mail", errorType: fault, count: 1 }]);
      assert.deepEqual(first.problems, [{ code: "PAYLOAD_INVALID", message: `queue mail: ${fault}`, count: 1 }]);
      assert.equal(first.queues[0]?.latency, 10);
      const second = await world.read(reader);
      assert.deepEqual([second.invalidSince, second.queues[0]?.latency], [[], 10]);
    });

  test("times as seconds, milliseconds, text and ISO", async () => {
    const times = { s: at / 1_000, ms: at, text: String(at / 1_000), iso: new Date(at).toISOString() };
    for (const [queue, enqueued_at] of Object.entries(times))
      await world.send(["SADD", "queues", queue], ["LPUSH", `queue:${queue}`, job({ enqueued_at })]);
    const { queues, invalidSince } = await world.read(world.open());
    assert.deepEqual(invalidSince, []);
    for (const { queue, latency } of queues) assert.ok(Math.abs((latency ?? 0) - 10) < 0.001, `${queue}: ${latency}`);
  });

  test("a time in the future gives no negative age, but a problem", async () => {
    await world.send(["SADD", "queues", "mail"], ["LPUSH", "queue:mail", job({ enqueued_at: nowMs + 60_000 })]);
    const { queues, problems } = await world.read(world.open());
    assert.equal(queues[0]?.latency, 0);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["CLOCK_SKEW"],
    );
  });

  test("large jobs are read now and then; their age grows between", async () => {
    const large = job({ args: ["x".repeat(100_000)] });
    await world.send(["SADD", "queues", "mail"], ["LPUSH", "queue:mail", large]);
    const reader = world.open();
    await world.read(reader);
    const received = world.redis.cost.receivedBytes;
    assert.ok(received > 100_000);
    world.nowMs = nowMs + 15_000;
    const { queues } = await world.read(reader);
    assert.equal(queues[0]?.latency, 25);
    assert.ok((queues[0].payloadBytes ?? 0) > 50_000);
    assert.ok(world.redis.cost.receivedBytes - received < 10_000);
  });
});

test("processes that say nonsense", async () => {
  const ids = ["__proto__", "a:1:0123456789ab", "b:2:0123456789ab"];
  await world.send(
    ["SADD", "processes", ...ids],
    ["HSET", ids[1] ?? "", "beat", nowMs / 1_000, "busy", "-5", "info", "[]"],
  );
  await world.send(["HSET", ids[2] ?? "", "beat", "NaN", "busy", "1e999", "concurrency", "x"]);
  await world.send(["HSET", `${ids[1]}:work`, "t", "nonsense", "u", '{"queue":5,"payload":7}']);
  const { workers } = await world.read(world.open());
  // The first is no identity: its key may not even be read.
  assert.deepEqual([workers.active, workers.lost], [1, 1]);
  assert.deepEqual([workers.hosts[0]?.host, workers.hosts[0]?.busy, workers.hosts[0]?.slots], ["a", 0, 0]);
});

test("a process that cannot be read is not lost", async () => {
  const id = "a:1:0123456789ab";
  await world.send(["SADD", "processes", id], ["SET", id, "text"]);
  const { workers, problems } = await world.read(world.open());
  assert.deepEqual([workers.active, workers.lost, workers.lostSince], [0, 0, 0]);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["REDIS_TYPE"],
  );
});

test("too many queues: a stable choice, with those that the config names", async () => {
  await world.server.cli(["EVAL", "for i=1,30000 do redis.call('SADD','queues','q'..i) end", "0"]);
  await world.send(["LPUSH", "queue:q29999", job()]);
  const reader = world.open({ namedQueues: ["q29999"] });
  const first = await world.read(reader);
  const second = await world.read(reader);
  const third = await world.read(reader);
  assert.ok(third.queues.length <= 5_001);
  assert.deepEqual(
    third.queues.map(({ queue }) => queue),
    [...new Set([...second.queues, ...third.queues].map(({ queue }) => queue))],
  );
  for (const { queues, problems } of [first, second, third]) {
    assert.equal(queues.find(({ queue }) => queue === "q29999")?.latency, 10);
    assert.ok(problems.some(({ code }) => code === "READ_PARTIAL"));
  }
});

test("a namespace of Sidekiq 6", async () => {
  await using closing = new AsyncDisposableStack();
  const app = await openWorld("app1:");
  closing.defer(() => app.stop());
  app.nowMs = nowMs;
  const id = "a:1:0123456789ab";
  const payload = job();
  await app.send(["SADD", "app1:queues", "mail"], ["LPUSH", "app1:queue:mail", job()], ["SADD", "app1:processes", id]);
  await app.send([
    "HSET",
    `app1:${id}`,
    "beat",
    nowMs / 1_000,
    "busy",
    2,
    "info",
    '{"concurrency":5,"queues":["mail"]}',
  ]);
  await app.send(["HSET", `app1:${id}:workers`, "t", JSON.stringify({ queue: "mail", payload, run_at: at / 1_000 })]);
  await app.send(["HSET", `app1:${id}:work`, "u", JSON.stringify({ queue: "mail", payload: {}, run_at: at / 1_000 })]);
  const { queues, problems } = await app.read(app.open());
  assert.deepEqual(problems, []);
  const { running, longestRunning, workers, slots, latency } = queues[0] ?? {};
  assert.deepEqual([running, longestRunning, workers, slots, latency], [2, 10, 1, 5, 10]);
});

test("garbage as saved state is ignored", async () => {
  for (const state of [
    null,
    5,
    "x",
    [],
    { classes: 7, ledger: {}, lost: [null], news: { readMs: "x" }, __proto__: 1 },
  ]) {
    const reader = world.open();
    reader.restore(state);
    assert.deepEqual((await world.read(reader)).problems, []);
  }
});

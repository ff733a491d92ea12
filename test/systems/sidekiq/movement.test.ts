import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Reader } from "../../../src/systems/system.ts";
import { openWorld, type World } from "./world.ts";

const startMs = Date.UTC(2026, 10, 22, 3, 5, 10);
const identity = "web-1:42:0123456789ab";

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

const now = () => (world.nowMs ?? 0) / 1_000;
const later = (seconds: number) => (world.nowMs = (world.nowMs ?? 0) + seconds * 1_000);
const read = () => world.read(reader);
const job = (jid: string, more: object = {}) =>
  JSON.stringify({ class: "Mail", queue: "mail", jid, args: [jid], enqueued_at: Math.round(now() * 1_000), ...more });

async function beat(id = identity, busy = 0): Promise<void> {
  const info = JSON.stringify({ hostname: "web-1", pid: 42, version: "8.1.7", queues: ["mail"], concurrency: 5 });
  await world.send(
    ["SADD", "processes", id],
    ["HSET", id, "beat", now(), "busy", busy, "quiet", "false", "info", info],
  );
}

async function working(jid: string): Promise<void> {
  const entry = JSON.stringify({ queue: "mail", payload: job(jid), run_at: Math.floor(now()) });
  await world.send(["DEL", `${identity}:work`], ["HSET", `${identity}:work`, "t1", entry]);
}

describe("queues", () => {
  test("jobs added and taken are counted, each once", async () => {
    await world.send(["SADD", "queues", "mail"], ["LPUSH", "queue:mail", ...["a", "b", "c"].map((jid) => job(jid))]);
    const [first] = (await read()).queues;
    assert.deepEqual([first?.enqueuedSince, first?.dequeuedSince], [0, 0]);
    await world.send(["LPUSH", "queue:mail", ...["d", "e", "f"].map((jid) => job(jid))], ["RPOP", "queue:mail", 2]);
    const [second] = (await read()).queues;
    assert.deepEqual([second?.enqueuedSince, second?.dequeuedSince, second?.size], [3, 2, 4]);
  });

  test("a queue that runs dry, and is filled again", async () => {
    await world.send(
      ["SADD", "queues", "mail"],
      ["LPUSH", "queue:mail", ...["a", "b", "c", "d"].map((jid) => job(jid))],
    );
    await read();
    await world.send(["DEL", "queue:mail"]);
    const [third] = (await read()).queues;
    assert.deepEqual([third?.enqueuedSince, third?.dequeuedSince, third?.latency], [0, 4, 0]);
    await world.send(["LPUSH", "queue:mail", job("g")]);
    const [fourth] = (await read()).queues;
    assert.deepEqual([fourth?.enqueuedSince, fourth?.dequeuedSince], [1, 0]);
  });

  test("all jobs replaced by others", async () => {
    await world.send(["SADD", "queues", "mail"], ["LPUSH", "queue:mail", job("a"), job("b")]);
    await read();
    await world.send(["DEL", "queue:mail"], ["LPUSH", "queue:mail", job("c"), job("d"), job("e")]);
    const [state] = (await read()).queues;
    assert.deepEqual([state?.enqueuedSince, state?.dequeuedSince], [3, 2]);
  });

  test("paused, by Pro's set", async () => {
    await world.send(["SADD", "queues", "mail", "other"], ["SADD", "paused", "mail"]);
    const { queues } = await read();
    assert.deepEqual(
      queues.map(({ queue, paused }) => [queue, paused]),
      [
        ["mail", true],
        ["other", false],
      ],
    );
  });
});

describe("processes", () => {
  test("one that appears and leaves cleanly", async () => {
    await read();
    await beat();
    assert.equal((await read()).workers.startedSince, 1);
    later(10);
    await world.send(["SREM", "processes", identity]);
    const { workers } = await read();
    assert.deepEqual([workers.stoppedSince, workers.lostSince, workers.active], [1, 0, 0]);
  });

  test("one that is killed is lost once, and its job presumed lost after the grace", async () => {
    await beat();
    await working("held");
    later(20);
    await beat(identity, 1);
    assert.equal((await read()).queues.find(({ queue }) => queue === "mail")?.running, 1);
    later(31);
    const lost = await read();
    assert.deepEqual([lost.workers.lostSince, lost.workers.lost, lost.workers.active], [1, 1, 0]);
    assert.deepEqual([lost.lostJobsSince, lost.workers.hosts], [[], []]);
    later(60);
    assert.deepEqual((await read()).lostJobsSince, []);
    reader = restarted(reader);
    later(31);
    const settled = await read();
    assert.deepEqual(settled.lostJobsSince, [{ jobClass: "Mail", count: 1 }]);
    later(100);
    const done = await read();
    assert.deepEqual([done.lostJobsSince, done.workers.lostSince], [[], 0]);
  });

  const recoveries: readonly (readonly [string, () => Promise<void>])[] = [
    ["pushed back to its queue", () => world.send(["RPUSH", "queue:mail", job("held")])],
    ["kept by super_fetch", () => world.send(["LPUSH", `queue:sq|${identity}|mail`, job("held")])],
    ["back with a process that beats again", () => beat(identity, 1)],
    [
      "failed and to be retried",
      () => world.send(["ZADD", "retry", now() + 20, job("held", { failed_at: now() * 1_000, error_class: "E" })]),
    ],
    ["dead", () => world.send(["ZADD", "dead", now(), job("held", { failed_at: now() * 1_000, error_class: "E" })])],
  ];
  for (const [how, recover] of recoveries)
    test(`a job is not lost when it is ${how}`, async () => {
      await beat();
      await working("held");
      later(20);
      await beat(identity, 1);
      await read();
      later(31);
      await read();
      later(5);
      await recover();
      await read();
      later(100);
      assert.deepEqual((await read()).lostJobsSince, []);
    });
});

function restarted(former: Reader): Reader {
  const next = world.open();
  next.restore(JSON.parse(JSON.stringify(former.save())));
  return next;
}

describe("failures", () => {
  const failed = (jid: string, more: object = {}) =>
    job(jid, { failed_at: Math.round(now() * 1_000), retry_count: 0, error_class: "Boom", ...more });

  test("new ones are counted once, in retry and dead", async () => {
    await world.send(["ZADD", "retry", now() + 20, failed("old")], ["ZADD", "dead", now() - 1, failed("older")]);
    assert.deepEqual((await read()).failuresSince, []);
    later(15);
    await world.send(["ZADD", "retry", now() + 16, failed("new")], ["ZADD", "dead", now() - 1, failed("died")]);
    const since = (await read()).failuresSince;
    const names = { queue: "mail", jobClass: "Mail", errorType: "Boom", count: 1 };
    assert.deepEqual(since, [
      { set: "retry", ...names },
      { set: "dead", ...names },
    ]);
    reader = restarted(reader);
    assert.deepEqual((await read()).failuresSince, []);
  });

  test("a large set is sampled; its parts add up to its size", async () => {
    const members = Array.from({ length: 3_000 }, (_, n) => [n + 1, failed(`j${n}`, { class: `C${n % 3}` })]).flat();
    for (let from = 0; from < members.length; from += 600)
      await world.send(["ZADD", "retry", ...members.slice(from, from + 600)]);
    const { failures } = await read();
    const total = failures.reduce((sum, { count }) => sum + count, 0);
    assert.equal(total, 3_000);
    for (const name of ["C0", "C1", "C2"]) {
      const share = failures.find(({ jobClass }) => jobClass === name)?.count ?? 0;
      assert.ok(share > 800 && share < 1_200, `${name}: ${share}`);
    }
  });
});

describe("schedulers and deploys", () => {
  test("a leader that was seen is missed after 180 s", async () => {
    assert.equal((await read()).schedulerUp, undefined);
    await world.send(["SET", "dear-leader", identity]);
    assert.equal((await read()).schedulerUp, true);
    await world.send(["DEL", "dear-leader"]);
    later(100);
    assert.equal((await read()).schedulerUp, true);
    later(181);
    assert.equal((await read()).schedulerUp, false);
  });

  test("a deploy mark is told once", async () => {
    const key = "20261122-marks";
    await world.send(["HSET", key, "2026-11-22T03:00:00Z", "old"]);
    assert.deepEqual((await read()).deploysSince, []);
    await world.send(["HSET", key, "2026-11-22T03:05:00Z", "v2"]);
    assert.deepEqual((await read()).deploysSince, [{ atMs: Date.UTC(2026, 10, 22, 3, 5), label: "v2" }]);
    assert.deepEqual((await read()).deploysSince, []);
  });

  test("overdue jobs and their lag", async () => {
    await world.send(["ZADD", "schedule", now() - 50, job("a"), now() - 10, job("b"), now() + 10, job("c")]);
    const scheduled = (await read()).sets.find(({ set }) => set === "scheduled");
    assert.deepEqual([scheduled?.size, scheduled?.overdue, Math.round(scheduled?.lag ?? 0)], [3, 2, 50]);
  });
});

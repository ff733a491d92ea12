import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "../../src/redis/client.ts";
import { get, llen } from "../../src/redis/commands.ts";
import { startFaultyTcp, type FaultyTcp } from "../support/faulty-tcp.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { getOnce, open, patient, tryGet, valueOf } from "../redis/world.ts";

let server: RedisServer;
let tcp: FaultyTcp;
let redis: Redis;
const soon = (ms = 300) => AbortSignal.timeout(ms);

before(async () => void (server = await startRedisServer(["--enable-debug-command", "yes"])));
after(() => server.stop());
beforeEach(async () => {
  await server.cli([], "FLUSHALL\nSET key value\n");
  tcp = await startFaultyTcp(server.port);
  redis = open(`redis://127.0.0.1:${tcp.port}`);
  assert.equal(await tryGet(redis, "key"), "value");
});
afterEach(async () => {
  redis.close();
  await tcp.stop();
});

describe("the network", () => {
  test("refuses: REDIS_UNREACHABLE at once; back as soon as it is", async () => {
    tcp.set({ kind: "refuse" });
    tcp.reset();
    const answer = await tryGet(redis, "key");
    assert.deepEqual(answer, {
      code: "REDIS_UNREACHABLE",
      message: "the server hung up at once: does it want TLS?",
    });
    tcp.set({ kind: "pass" });
    assert.equal(await tryGet(redis, "key"), "value");
  });

  test("breaks between two reads, by reset or end: none of them fails", async () => {
    tcp.reset();
    await sleep(20);
    assert.equal(await tryGet(redis, "key"), "value");
    tcp.reset();
    assert.equal(await tryGet(redis, "key"), "value");
    await server.cli(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert.equal(await tryGet(redis, "key"), "value");
    assert.equal(tcp.accepted, 4);
  });

  for (const reset of [true, false])
    test(`${reset ? "breaks" : "ends"} in the middle of a reply: read again once, then REDIS_UNREACHABLE`, async () => {
      const long = "x".repeat(10_000);
      await server.cli(["SET", "long", long]);
      tcp.set({ kind: "cut", afterBytes: 500, reset });
      const answer = await tryGet(redis, "long");
      assert.equal(typeof answer === "object" && answer.code, "REDIS_UNREACHABLE");
      assert.equal(tcp.accepted, 2);
      tcp.set({ kind: "pass" });
      assert.equal(await tryGet(redis, "long"), long);
    });

  test("swallows everything (half-open): REDIS_TIMEOUT at the deadline, another connection after it", async () => {
    tcp.set({ kind: "swallow" });
    const started = performance.now();
    const answer = await tryGet(redis, "key", soon());
    assert.deepEqual(answer, { code: "REDIS_TIMEOUT", message: "Redis did not answer before the deadline" });
    assert.ok(performance.now() - started >= 290);
    tcp.set({ kind: "pass" });
    assert.equal(await tryGet(redis, "key"), "value");
    assert.equal(tcp.accepted, 2);
    assert.equal(tcp.open, 1, "the old connection is closed, not left to the operating system");
  });

  test("late replies are never taken for those of the next read", async () => {
    await server.cli([], "SET one 1\nSET two 2\nSET three 3\n");
    tcp.set({ kind: "hold" });
    const [first, second] = await Promise.all([tryGet(redis, "one", soon(100)), tryGet(redis, "two", soon(200))]);
    for (const answer of [first, second]) assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
    const third = tryGet(redis, "three");
    tcp.set({ kind: "pass" });
    assert.equal(await third, "3");
    assert.deepEqual(await redis.read([get("two"), get("one")], patient()), [
      { ok: true, value: "2" },
      { ok: true, value: "1" },
    ]);
  });

  test("a read that is over before its turn costs neither commands nor the connection", async () => {
    tcp.set({ kind: "delay", ms: 300 });
    const slow = tryGet(redis, "key");
    const answer = await tryGet(redis, "key", soon(100));
    assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
    const { commands } = redis.cost;
    assert.equal(await slow, "value");
    assert.equal(await tryGet(redis, "key", AbortSignal.abort()).then((one) => typeof one), "object");
    tcp.set({ kind: "pass" });
    assert.equal(await tryGet(redis, "key"), "value");
    assert.equal(redis.cost.commands, commands + 1);
    assert.equal(tcp.accepted, 1);
  });

  test("a byte at a time, a slow one: read whole, as long as there is time", async () => {
    tcp.set({ kind: "trickle", bytes: 1, everyMs: 5 });
    assert.equal(await tryGet(redis, "key"), "value");
    await server.cli(["SET", "long", "x".repeat(1_000)]);
    const answer = await tryGet(redis, "long", soon());
    assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
  });

  test("wrong bytes: an error of the connection, not of this program", async () => {
    tcp.set({ kind: "corrupt", atByte: 0 });
    const answer = await tryGet(redis, "key");
    assert.equal(typeof answer === "object" && answer.code, "REDIS_UNREACHABLE", JSON.stringify(answer));
    tcp.set({ kind: "pass" });
    assert.equal(await tryGet(redis, "key"), "value");
  });

  test("a connection that is not answered, nor its hello: the deadline counts", async () => {
    tcp.set({ kind: "swallow" });
    const fresh = open(`redis://127.0.0.1:${tcp.port}`);
    const answer = await tryGet(fresh, "key", soon());
    assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
    fresh.close();
  });

  test("closed by us while a read waits: it ends, and so does every later one", async () => {
    tcp.set({ kind: "hold" });
    const waiting = tryGet(redis, "key");
    await sleep(20);
    redis.close();
    for (const answer of [await waiting, await tryGet(redis, "key")])
      assert.equal(typeof answer === "object" && answer.code, "REDIS_UNREACHABLE");
    assert.equal(tcp.accepted, 1);
  });

  test("the cost goes on over connections", async () => {
    await server.cli(["SET", "long", "x".repeat(100_000)]);
    const earlier = redis.cost;
    await tryGet(redis, "long");
    tcp.reset();
    await sleep(20);
    await tryGet(redis, "long");
    const { commands, receivedBytes } = redis.cost;
    assert.equal(commands - earlier.commands, 2);
    const received = receivedBytes - earlier.receivedBytes;
    assert.ok(received >= 200_000 && received < 202_000, String(received));
  });
});

describe("the server", () => {
  test("killed and started again: read by the first read after it", async () => {
    const direct = open(server.url);
    assert.equal(await tryGet(direct, "key"), "value");
    server.kill("SIGKILL");
    const down = await tryGet(direct, "key", soon(5_000));
    assert.equal(typeof down === "object" && down.code, "REDIS_UNREACHABLE");
    await server.restart();
    await server.cli(["SET", "key", "again"]);
    assert.equal(await tryGet(direct, "key", soon(6_000)), "again");
    direct.close();
  });

  test("stopped (SIGSTOP): REDIS_TIMEOUT at each deadline; read when it goes on", async () => {
    const direct = open(server.url);
    assert.equal(await tryGet(direct, "key"), "value");
    server.kill("SIGSTOP");
    try {
      for (let turn = 0; turn < 2; turn++) {
        const answer = await tryGet(direct, "key", soon());
        assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
      }
    } finally {
      server.kill("SIGCONT");
    }
    assert.equal(await tryGet(direct, "key"), "value");
    direct.close();
  });

  test("loading its data: REDIS_LOADING, on an old connection and on a new one", async () => {
    const settings = ["key-load-delay", "2000", "loading-process-events-interval-bytes", "1024"];
    await server.cli(["CONFIG", "SET", ...settings]);
    await server.cli(["DEBUG", "POPULATE", "500"]);
    const direct = open(server.url);
    await tryGet(direct, "key");
    const reload = server.cli(["DEBUG", "RELOAD"]);
    let answer: unknown;
    for (let turn = 0; turn < 100 && typeof answer !== "object"; turn++) answer = await tryGet(direct, "key");
    const loading = { code: "REDIS_LOADING", message: "LOADING Redis is loading the dataset in memory" };
    assert.deepEqual(answer, loading);
    assert.deepEqual(await getOnce(server.url, "key"), loading);
    await server.cli(["CONFIG", "SET", "key-load-delay", "0"]);
    await reload;
    assert.equal(await tryGet(direct, "key"), "value");
    direct.close();
  });

  test("full of clients: REDIS_UNREACHABLE that says so; what is connected goes on", async () => {
    await server.cli(["CONFIG", "SET", "maxclients", "1"]);
    try {
      const answer = await getOnce(server.url, "key");
      assert.deepEqual(answer, { code: "REDIS_UNREACHABLE", message: "ERR max number of clients reached" });
      assert.equal(await tryGet(redis, "key"), "value");
    } finally {
      // redis-cli would be one client too many.
      redis.close();
      await sleep(50);
      await server.cli(["CONFIG", "SET", "maxclients", "1000"]);
    }
  });

  test("a replica without its primary: REDIS_UNREACHABLE", async () => {
    await server.cli(["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    await server.cli(["REPLICAOF", "127.0.0.1", "1"]);
    try {
      const answer = await tryGet(redis, "key");
      assert.equal(typeof answer === "object" && answer.code, "REDIS_UNREACHABLE");
      assert.match(typeof answer === "object" ? answer.message : "", /^MASTERDOWN /);
    } finally {
      await server.cli(["REPLICAOF", "NO", "ONE"]);
    }
  });
});

describe("many commands", () => {
  test("are answered in order, in chunks between which others are served", async () => {
    await server.cli(["DEBUG", "POPULATE", "2000", "n", "10"]);
    const results = await redis.read(
      Array.from({ length: 2_000 }, (_, index) => get(`n:${index}`)),
      patient(),
    );
    results.forEach((result, index) => assert.equal(valueOf(result)?.replace(/\0+$/, ""), `value:${index}`));
    const earlier = redis.cost.commands;
    // No more than a chunk is ever under way: held back, no second one is sent.
    tcp.set({ kind: "hold" });
    const held = redis.read(
      Array.from({ length: 1_200 }, () => llen("none")),
      patient(),
    );
    await sleep(100);
    assert.equal(redis.cost.commands - earlier, 500);
    tcp.set({ kind: "pass" });
    assert.equal((await held).length, 1_200);
  });

  test("no command at all is no question", async () => {
    assert.deepEqual(await redis.read([], patient()), []);
  });
});

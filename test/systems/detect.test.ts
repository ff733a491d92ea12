import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openRedis, type Redis } from "../../src/redis/client.ts";
import { detectSystems, scanNamespaces } from "../../src/systems/detect.ts";
import { resque } from "../../src/systems/resque/system.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { fixture, redisConfig } from "./resque/world.ts";

let server: RedisServer;
let redis: Redis;
before(async () => {
  server = await startRedisServer();
  redis = openRedis(redisConfig(server.url));
});
after(async () => {
  redis.close();
  await server.stop();
});
beforeEach(async () => void (await server.cli(["FLUSHALL"])));

const signal = () => AbortSignal.timeout(20_000);
const detect = (prefixes: readonly string[] = []) =>
  detectSystems(redis, { systems: [resque], prefixes, signal: signal() });

test("an empty database holds nothing, and what was not looked for is said", async () => {
  const { systems, schedulers, notRuledOut } = await detect(["app:resque:"]);
  assert.deepEqual([systems, schedulers], [[], []]);
  assert.match(notRuledOut[0] ?? "", /`resque`, `app:resque`/);
});

test("Resque with its scheduler, by the keys that they write", async () => {
  await server.cli([], (await fixture("resque-3.0.0")).commands);
  const { systems, schedulers, notRuledOut } = await detect();
  assert.deepEqual(systems, [{ system: "resque", prefix: "resque:", title: "Resque (heartbeats seen)" }]);
  assert.deepEqual(schedulers, [
    "resque-scheduler (2 persistent schedules)",
    "resque-scheduler (1 schedules that ran)",
    "delayed jobs (8 timestamps)",
  ]);
  assert.ok(notRuledOut.some((line) => line.includes("static schedules")));
});

test("a namespace with colons, once it is named", async () => {
  await server.cli(["SADD", "my:app:workers", "h:1:q"]);
  assert.deepEqual((await detect()).systems, []);
  assert.equal((await detect(["my:app:"])).systems[0]?.prefix, "my:app:");
});

test("without a prefix, queues alone are no Resque: Sidekiq has a set of that name", async () => {
  await server.cli(["SADD", "queues", "default"]);
  await server.cli(["SET", "stat:processed", "5"]);
  assert.deepEqual((await detect([""])).systems, []);
});

test("what is looked at does not grow with the database", async () => {
  const commands = Array.from({ length: 5_000 }, (_, index) => `SET foreign:${index} x`).join("\n");
  const start = redis.cost.commands;
  await detect();
  const few = redis.cost.commands - start;
  await server.cli([], commands);
  await detect();
  assert.equal(redis.cost.commands - start, 2 * few);
  assert.doesNotMatch(await server.cli(["INFO", "commandstats"]), /cmdstat_(?:scan|keys):/);
});

test("a scan, when asked for, finds namespaces that nobody named", async () => {
  await server.cli([], Array.from({ length: 3_000 }, (_, index) => `SADD foreign:${index} x`).join("\n"));
  await server.cli(["SADD", "a:b:queues", "q"]);
  await server.cli(["SADD", "queues", "q"]);
  await server.cli(["SADD", "notqueues", "q"]);
  await server.cli(["SET", "text:queues", "q"]);
  assert.deepEqual(await scanNamespaces(redis, signal()), { prefixes: ["", "a:b:"], complete: true });
});

test("a scan without the right to it says so", async () => {
  await server.cli(["ACL", "SETUSER", "reader", "on", ">pw", "~*", "-@all", "+get"]);
  const reader = openRedis(redisConfig(`redis://reader:pw@127.0.0.1:${server.port}`));
  await assert.rejects(scanNamespaces(reader, signal()), { code: "REDIS_PERMISSION" });
  reader.close();
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { openRedis, type Redis } from "../../../src/redis/client.ts";
import { allowedCommands } from "../../../src/redis/commands.ts";
import { SidekiqSchedules } from "../../../src/systems/sidekiq/schedules.ts";
import { startRedisServer, type RedisServer } from "../../support/redis-server.ts";
import { redisConfig } from "../resque/world.ts";

let server: RedisServer;
let redis: Redis;
before(async () => {
  server = await startRedisServer();
  const rights = (["scard", "smembers", "hmget", "zrange", "hlen", "hgetall"] as const).map(
    (name) => allowedCommands[name],
  );
  const keys = ["cron_jobs*", "cron_job:*", "schedules", "sidekiq-scheduler:*", "app:*"].map(
    (pattern) => `%R~${pattern}`,
  );
  await server.cli(["ACL", "SETUSER", "watcher", "on", ">only-reads", "resetkeys", "-@all", ...rights, ...keys]);
  redis = openRedis(redisConfig(`redis://watcher:only-reads@127.0.0.1:${server.port}`));
});
after(async () => {
  redis.close();
  await server.stop();
});
beforeEach(async () => void (await server.cli(["FLUSHALL"])));

const at = (text: string) => Date.parse(text);

async function load(name: string): Promise<void> {
  await server.cli([], await readFile(new URL(`../../fixtures/${name}/commands.txt`, import.meta.url), "utf8"));
}

async function read(now: string, prefix = "") {
  const schedules = new SidekiqSchedules(redis, prefix);
  const { schedules: states, problems } = await schedules.read(at(now), AbortSignal.timeout(10_000));
  return { late: Object.fromEntries(states.map(({ schedule, overdue }) => [schedule, overdue])), problems };
}

for (const name of ["sidekiq-cron-1.8.0", "sidekiq-cron-2.3.1"])
  test(`${name}: jobs by their expressions, disabled ones left out`, async () => {
    await load(name);
    const minute = name.endsWith("1.8.0") ? "05:48" : "06:03";
    const { late, problems } = await read(`2026-11-23T${minute}:40Z`);
    assert.deepEqual(problems, []);
    const own = name.endsWith("2.3.1") ? [] : ["with:colons"];
    assert.deepEqual(Object.keys(late).toSorted(), ["Every minute - FastJob", "nightly", "spoken", ...own].toSorted());
    assert.ok(Object.values(late).every((seconds) => seconds === 0));
    const later = (await read("2026-11-23T08:10:00Z")).late;
    assert.equal(later["nightly"], 600, "03:00 in New York is 08:00");
    assert.ok((later["Every minute - FastJob"] ?? 0) > 7_000);
  });

test("sidekiq-scheduler 6.0.2: by the next run that it promised; disabled ones and those that run once left out", async () => {
  await load("sidekiq-scheduler-6.0.2");
  const soon = await read("2026-11-23T05:49:07Z");
  assert.deepEqual(soon, { late: { each_second: 0, nightly: 0, patient: 0 }, problems: [] });
  const later = await read("2026-11-23T08:00:30Z");
  assert.deepEqual(later.late, { each_second: 7_882, nightly: 30, patient: 7_828 });
});

test("under a prefix, as redis-namespace writes the members of its sets", async () => {
  await server.cli(["SADD", "app:cron_jobs", "cron_job:hourly"]);
  await server.cli(["HSET", "app:cron_job:hourly", "name", "hourly", "cron", "0 * * * * UTC", "status", "enabled"]);
  await server.cli(["ZADD", "app:cron_job:hourly:enqueued", "1795410000", "2026-11-23T05:00:00Z"]);
  assert.deepEqual((await read("2026-11-23T06:00:09Z", "app:")).late, { hourly: 9 });
});

test("what is no job, no expression or no time is passed over; keys of another type are said", async () => {
  await server.cli(["SADD", "cron_jobs", "queue:secrets", "cron_job:gone", "cron_job:odd", "cron_job:bad"]);
  await server.cli(["RPUSH", "queue:secrets", "x"]);
  await server.cli([
    "HSET",
    "cron_job:odd",
    "name",
    "odd",
    "cron",
    "every monday at noon",
    "last_enqueue_time",
    "soon",
  ]);
  await server.cli(["SET", "cron_job:bad", "text"]);
  await server.cli(["HSET", "schedules", "a", "{not json", "b", '"text"', "c", '{"cron":"* * * * *"}']);
  await server.cli(["HSET", "sidekiq-scheduler:next_times", "a", "x", "c", "2026-11-23 25:61:00 +0000"]);
  await server.cli(["SET", "sidekiq-scheduler:states", "text"]);
  const { late, problems } = await read("2026-11-23T06:00:00Z");
  assert.deepEqual(late, {});
  assert.ok(problems.length >= 2 && problems.every(({ code }) => code === "REDIS_TYPE"));
});

test("sets and hashes too large for schedules are not read, and that is said", async () => {
  const names = Array.from({ length: 1_500 }, (_, index) => `cron_job:${index}`);
  await server.cli(["SADD", "cron_jobs", ...names]);
  await server.cli(["HSET", "schedules", ...names.flatMap((name) => [name, "{}"])]);
  const { late, problems } = await read("2026-11-23T06:00:00Z");
  assert.deepEqual(late, {});
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["READ_PARTIAL", "READ_PARTIAL"],
  );
});

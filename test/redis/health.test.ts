import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import * as catalogue from "../../src/catalogue/redis.ts";
import { infoSamples, parseInfo, readServerHealth, serverVersion, type ServerSample } from "../../src/redis/health.ts";
import { startFaultyTcp } from "../support/faulty-tcp.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { open, patient } from "./world.ts";

/** Samples as `name{value,…}` → number. */
function numbers(samples: readonly ServerSample[]): Record<string, unknown> {
  return Object.fromEntries(
    samples.map(({ metric, values, value }) => [
      values.length === 0 ? metric.name : `${metric.name}{${values.join(",")}}`,
      value,
    ]),
  );
}
const ofText = (text: string) => numbers(infoSamples(parseInfo(text)));

describe("a real server", () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedisServer([
      "--maxmemory",
      "100mb",
      "--maxmemory-policy",
      "allkeys-lru",
      "--maxclients",
      "77",
    ]);
    await server.cli([], "SET a 1\nSET b 2 EX 1000\nSELECT 3\nSET c 3\nGET nothing\n");
  });
  after(() => server.stop());

  test("gives every metric of the catalogue, each series once", async () => {
    await server.cli(["CONFIG", "SET", "appendonly", "yes"]);
    const redis = open(server.url);
    const { samples, problems } = await readServerHealth(redis, patient());
    redis.close();
    await server.cli(["CONFIG", "SET", "appendonly", "no"]);
    assert.deepEqual(problems, []);
    const given = new Set(samples.map(({ metric }) => metric.name));
    for (const metric of Object.values(catalogue)) assert.ok(given.has(metric.name), metric.name);
    for (const { metric, mode, values, value } of samples) {
      assert.equal(values.length, metric.attributes.length);
      assert.equal(mode, metric.kind === "counter" ? "total" : "state");
      assert.ok(typeof value === "number" && value >= 0 && Number.isFinite(value), metric.name);
    }
    assert.equal(Object.keys(numbers(samples)).length, samples.length);
    const named = numbers(samples);
    const known = {
      "redis.clients.limit": 77,
      "redis.maxmemory": 104_857_600,
      "redis.maxmemory_policy{allkeys-lru}": 1,
      "redis.role{primary}": 1,
      "redis.rdb.last_save_ok": 1,
      "redis.aof.last_write_ok": 1,
      "redis.db.keys{0}": 2,
      "redis.db.expires{0}": 1,
      "redis.db.keys{3}": 1,
      "redis.keyspace.misses": 1,
    };
    for (const [name, value] of Object.entries(known)) assert.equal(named[name], value, name);
  });

  test("PING is timed without the connecting before it", async () => {
    const tcp = await startFaultyTcp(server.port);
    const redis = open(`redis://127.0.0.1:${tcp.port}`);
    tcp.set({ kind: "delay", ms: 60 });
    const started = performance.now();
    const seconds = Number(numbers((await readServerHealth(redis, patient())).samples)["redis.ping.time"]);
    const total = (performance.now() - started) / 1_000;
    // Hello, INFO and PING are held up one after the other; only the last one counts.
    assert.ok(seconds >= 0.055 && seconds <= total - 0.11, `${seconds} of ${total}`);
    redis.close();
    await tcp.stop();
  });

  test("a user who may not ask costs INFO's numbers and nothing else", async () => {
    await server.cli(["ACL", "SETUSER", "quiet", "on", ">pw", "+ping"]);
    const redis = open(`redis://quiet:pw@127.0.0.1:${server.port}`);
    const { samples, problems } = await readServerHealth(redis, patient());
    assert.deepEqual(
      samples.map(({ metric }) => metric.name),
      ["redis.ping.time"],
    );
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.code, "REDIS_PERMISSION");
    assert.match(problems[0].message, /^INFO: NOPERM/);
    await server.cli(["ACL", "SETUSER", "quiet", "-@all"]);
    assert.equal((await readServerHealth(redis, patient())).problems.length, 2);
    redis.close();
  });

  test("a restart shows: uptime and totals begin anew", async () => {
    const redis = open(server.url);
    const earlier = numbers((await readServerHealth(redis, patient())).samples);
    server.kill("SIGKILL");
    await server.restart();
    const afterwards = numbers((await readServerHealth(redis, patient())).samples);
    redis.close();
    assert.ok(Number(afterwards["redis.uptime"]) <= 1);
    assert.ok(Number(afterwards["redis.commands.processed"]) < Number(earlier["redis.commands.processed"]));
  });
});

describe("versions and services", () => {
  test("Redis and Valkey, whose redis_version is what it is compatible with", () => {
    const version = (text: string) => serverVersion(parseInfo(text));
    assert.equal(version("# Server\r\nredis_version:8.0.2\r\n"), "8.0.2");
    assert.equal(version("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"), "Valkey 8.1.1");
    assert.equal(version("# Clients\r\nconnected_clients:1\r\n"), undefined);
  });

  test("a replica; one that failed to save; one that cannot write its log", () => {
    const text = [
      "role:slave",
      "rdb_last_bgsave_status:err",
      "aof_enabled:1",
      "aof_last_write_status:err",
      "connected_slaves:0",
    ].join("\r\n");
    assert.deepEqual(ofText(text), {
      "redis.role{replica}": 1,
      "redis.slaves.connected": 0,
      "redis.rdb.last_save_ok": 0,
      "redis.aof.last_write_ok": 0,
    });
  });

  test("where there is no log, nothing is said of it", () => {
    assert.deepEqual(ofText("aof_enabled:0\r\naof_last_write_status:ok\r\n"), {});
  });

  test("what a service hides is left out, the rest is there", () => {
    const text = "# Memory\r\nused_memory:1048576\r\n\r\n# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\n";
    assert.deepEqual(ofText(text), {
      "redis.memory.used": 1_048_576,
      "redis.cpu.time{sys}": 1.5,
      "redis.cpu.time{user}": 2.25,
    });
  });

  test("databases with fields of later versions", () => {
    const text = "# Keyspace\r\ndb0:keys=209,expires=12,avg_ttl=35312,subexpiry=0\r\ndb15:keys=1\r\n";
    assert.deepEqual(ofText(text), {
      "redis.db.keys{0}": 209,
      "redis.db.expires{0}": 12,
      "redis.db.avg_ttl{0}": 35_312,
      "redis.db.keys{15}": 1,
    });
  });
});

describe("odd INFO", () => {
  test("numbers that are none, roles and policies that nobody knows: no points", () => {
    const text = [
      "used_memory:",
      "maxmemory:-1",
      "mem_fragmentation_ratio:-nan",
      "uptime_in_seconds:1e9",
      "role:sentinel",
      "maxmemory_policy:evil\u202epolicy",
      `total_commands_processed:${"9".repeat(400)}`,
      "db0:keys=x",
      "db0x:keys=1",
    ].join("\r\n");
    assert.deepEqual(ofText(text), {});
  });

  test("a hundred databases at most", () => {
    const lines = Array.from({ length: 5_000 }, (_, db) => `db${db}:keys=1`);
    assert.equal(infoSamples(parseInfo(lines.join("\n"))).length, 100);
  });

  test("whatever it says, samples are sound and no field's name becomes anything else", () => {
    const field = fc.oneof(
      fc.constantFrom("used_memory", "db0", "role", "maxmemory_policy", "aof_enabled", "__proto__", "used_cpu_sys"),
      fc.string(),
    );
    const line = fc.tuple(field, fc.oneof(fc.string({ unit: "binary" }), fc.double().map(String)));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const samples = infoSamples(parseInfo(lines.map(([name, value]) => `${name}:${value}`).join("\r\n")));
        for (const { metric, values, value } of samples) {
          assert.ok(typeof value === "number" && Number.isFinite(value) && value >= 0);
          assert.equal(values.length, metric.attributes.length);
          for (const text of values) assert.match(text, /^[\w-]{1,40}$/);
        }
      }),
    );
  });
});

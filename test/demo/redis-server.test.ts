import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startStandIn, type StandIn } from "../../src/demo/redis-server.ts";
import type { Database } from "../../src/demo/redis/database.ts";
import type { CommandName } from "../../src/redis/commands.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { openRaw, sendBytes, type RawClient } from "./raw-client.ts";

/** One write, made by a method of the stand-in's database and by a command of the real server. */
const writes: readonly (readonly [(database: Database) => void, readonly string[]])[] = [
  [(db) => db.set("text", "grüße\r\n"), ["SET", "text", "grüße\r\n"]],
  [(db) => db.set("empty", ""), ["SET", "empty", ""]],
  [(db) => db.incrBy("count", 41), ["INCRBY", "count", "41"]],
  [(db) => db.incrBy("count", 1), ["INCRBY", "count", "1"]],
  ...["a", "b", "a", "", "ü", "a"].map(
    (element) => [(db: Database) => db.rpush("list", element), ["RPUSH", "list", element]] as const,
  ),
  [(db) => db.lpush("list", "first"), ["LPUSH", "list", "first"]],
  [(db) => db.rpush("popped", "x"), ["RPUSH", "popped", "x"]],
  [(db) => db.rpop("popped"), ["RPOP", "popped"]],
  [(db) => db.sadd("one", "only"), ["SADD", "one", "only"]],
  ...["x", "y", "z", "ü"].map((member) => [(db: Database) => db.sadd("set", member), ["SADD", "set", member]] as const),
  [(db) => db.srem("set", "z"), ["SREM", "set", "z"]],
  ...(
    [
      [1.5, "a"],
      [3, "b"],
      [3, "a2"],
      [-7, "ü"],
      [1795318526.346046, "now"],
      [1e21, "far"],
      [Number.POSITIVE_INFINITY, "never"],
    ] as const
  ).map(
    ([score, member]) =>
      [
        (db: Database) => db.zadd("zset", score, member),
        ["ZADD", "zset", score === Number.POSITIVE_INFINITY ? "inf" : String(score), member],
      ] as const,
  ),
  [(db) => db.zadd("zset", 2, "b"), ["ZADD", "zset", "2", "b"]],
  [(db) => db.zadd("zset", 9, "gone"), ["ZADD", "zset", "9", "gone"]],
  [(db) => db.zrem("zset", "gone"), ["ZREM", "zset", "gone"]],
  [(db) => db.hset("hash", { f: "1", ü: "", g: "two" }), ["HSET", "hash", "f", "1", "ü", "", "g", "two"]],
  [(db) => db.hincrBy("hash", "f", 2), ["HINCRBY", "hash", "f", "2"]],
  [(db) => db.set("short", "lived"), ["SET", "short", "lived"]],
  [(db) => db.expire("short", 3_600), ["EXPIRE", "short", "3600"]],
  [(db) => db.set("deleted", ""), ["SET", "deleted", ""]],
  [(db) => db.del("deleted"), ["DEL", "deleted"]],
];

const keys = ["text", "list", "set", "zset", "hash", "missing"];

/** Command lines by command; the first word of each is the command itself. */
const cases: Readonly<Record<CommandName, readonly (readonly string[])[]>> = {
  get: [
    ...keys.map((key) => ["GET", key]),
    ["get", "empty"],
    ["GET", "count"],
    ["GET", "short"],
    ["GET"],
    ["GET", "a", "b"],
  ],
  mget: [["MGET", ...keys], ["MGET", "text", "text"], ["MGET"]],
  llen: [...keys.map((key) => ["LLEN", key]), ["LLEN", "popped"], ["LLEN", "deleted"]],
  lindex: [
    ...keys.map((key) => ["LINDEX", key, "0"]),
    ...["1", "-1", "-7", "-8", "6", "7", "x", "", "01", "1.0", "99999999999999999999"].map((at) => [
      "LINDEX",
      "list",
      at,
    ]),
    ["LINDEX", "list"],
  ],
  lrange: [
    ...keys.map((key) => ["LRANGE", key, "0", "-1"]),
    ...[
      ["0", "1"],
      ["-2", "-1"],
      ["-100", "100"],
      ["5", "2"],
      ["3", "-100"],
      ["x", "1"],
      ["0", "x"],
      ["7", "9"],
    ].map((range) => ["LRANGE", "list", ...range]),
  ],
  lpos: [
    ...keys.map((key) => ["LPOS", key, "a"]),
    ...[
      ["RANK", "2"],
      ["RANK", "-1"],
      ["RANK", "0"],
      ["RANK", "9"],
      ["RANK", "x"],
      ["RANK"],
      ["rank", "-3"],
      ["FOO", "1"],
      ["COUNT", "0"],
      ["COUNT", "2"],
      ["COUNT", "-1"],
      ["MAXLEN", "1"],
      ["MAXLEN", "2"],
      ["MAXLEN", "0"],
      ["MAXLEN", "-1"],
      ["RANK", "-1", "COUNT", "2", "MAXLEN", "3"],
      ["RANK", "-2", "COUNT", "5"],
      ["COUNT", "1", "COUNT", "2"],
    ].map((options) => ["LPOS", "list", "a", ...options]),
    ["LPOS", "list", "ü"],
    ["LPOS", "list", "none", "COUNT", "1"],
    ["LPOS", "missing", "a", "COUNT", "1"],
  ],
  smembers: [...keys.filter((key) => key !== "set").map((key) => ["SMEMBERS", key]), ["SMEMBERS", "one"]],
  sscan: [
    ...keys.filter((key) => key !== "set").map((key) => ["SSCAN", key, "0"]),
    ["SSCAN", "one", "0", "COUNT", "100"],
    ["SSCAN", "one", "0", "COUNT", "0"],
    ["SSCAN", "one", "0", "MATCH", "on*"],
    ["SSCAN", "one", "0", "MATCH", "x*"],
    ["SSCAN", "one", "x"],
    ["SSCAN", "one", "0", "FOO"],
    ["SSCAN", "missing", "0", "FOO", "1"],
  ],
  scard: keys.map((key) => ["SCARD", key]),
  sismember: [...keys.map((key) => ["SISMEMBER", key, "x"]), ["SISMEMBER", "set", "z"], ["SISMEMBER", "set", "ü"]],
  zcard: keys.map((key) => ["ZCARD", key]),
  zcount: [
    ...keys.map((key) => ["ZCOUNT", key, "-inf", "+inf"]),
    ...[
      ["2", "3"],
      ["(2", "3"],
      ["2", "(3"],
      ["(2", "(2"],
      ["3", "2"],
      ["x", "1"],
      ["1", ""],
      ["inf", "inf"],
      ["1e0", "2.50"],
    ].map((range) => ["ZCOUNT", "zset", ...range]),
  ],
  zrange: [
    ...keys.map((key) => ["ZRANGE", key, "0", "-1"]),
    ...keys.map((key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"]),
    ...[
      ["1", "2"],
      ["-2", "-1", "withscores"],
      ["-100", "2"],
      ["5", "1"],
      ["x", "1"],
      ["0", "1", "FOO"],
      ["0", "1", "LIMIT", "0", "1"],
      ["-inf", "+inf", "BYSCORE", "LIMIT", "0", "2", "WITHSCORES"],
      ["2", "3", "BYSCORE"],
      ["(2", "3", "BYSCORE", "WITHSCORES"],
      ["-inf", "inf", "BYSCORE", "LIMIT", "2", "-1"],
      ["-inf", "inf", "BYSCORE", "LIMIT", "99", "2"],
      ["x", "3", "BYSCORE"],
      ["-inf", "inf", "BYSCORE", "LIMIT", "-1", "2"],
      ["-inf", "inf", "BYSCORE", "LIMIT", "1", "0"],
      ["0", "1", "LIMIT", "0"],
      ["3", "1", "BYSCORE"],
    ].map((range) => ["ZRANGE", "zset", ...range]),
  ],
  hget: [...keys.map((key) => ["HGET", key, "f"]), ["HGET", "hash", "none"], ["HGET", "hash", "ü"], ["HGET", "hash"]],
  hmget: [...keys.map((key) => ["HMGET", key, "f", "none", "g"]), ["HMGET", "hash"]],
  hgetall: keys.map((key) => ["HGETALL", key]),
  hlen: keys.map((key) => ["HLEN", key]),
  time: [["TIME", "x"]],
  ping: [["PING"], ["PING", "grüße"], ["PING", "a", "b"]],
  info: [["INFO", "nosuchsection"]],
  memory: [
    ["MEMORY"],
    ["MEMORY", "USAGE"],
    ["MEMORY", "FOO"],
    ["MEMORY", "USAGE", "missing"],
    ["MEMORY", "USAGE", "missing", "SAMPLES", "2"],
    ["MEMORY", "USAGE", "zset", "SAMPLES", "x"],
    ["MEMORY", "USAGE", "zset", "SAMPLES", "-1"],
    ["MEMORY", "USAGE", "zset", "FOO", "1"],
  ],
  scan: [
    ["SCAN", "0", "MATCH", "one", "TYPE", "set", "COUNT", "1000"],
    ["SCAN", "0", "MATCH", "on[a-e]", "COUNT", "1000"],
    ["SCAN", "0", "MATCH", "ha\\sh", "COUNT", "1000"],
    ["SCAN", "0", "MATCH", "zse?", "TYPE", "ZSET", "COUNT", "1000"],
    ["SCAN", "0", "MATCH", "[^o]ne", "COUNT", "1000"],
    ["SCAN", "x"],
    ["SCAN", "0", "COUNT", "0"],
    ["SCAN", "0", "FOO", "1"],
  ],
  acl: [
    ["ACL", "WHOAMI"],
    ["ACL", "DRYRUN", "nobody", "GET", "x"],
    ["ACL", "DRYRUN", "default", "GET", "x"],
    ["ACL", "DRYRUN", "default"],
  ],
};

describe("the stand-in for Redis", () => {
  let standIn: StandIn;
  let real: RedisServer;

  before(async () => {
    standIn = await startStandIn({ now: Date.now });
    real = await startRedisServer();
    const client = await openRaw(real.port);
    for (const [write, words] of writes) {
      write(standIn.databases[0]);
      assert.doesNotMatch(await client.ask(...words), /^-/);
    }
    client.close();
  });

  after(async () => {
    await standIn.close();
    await real.stop();
  });

  async function both(protocol: 2 | 3): Promise<readonly [ours: RawClient, theirs: RawClient]> {
    const clients = [await openRaw(standIn.port), await openRaw(real.port)] as const;
    for (const client of clients) assert.match(await client.ask("HELLO", String(protocol)), /^[*%]/);
    return clients;
  }

  for (const protocol of [2, 3] as const)
    for (const [name, lines] of Object.entries(cases))
      test(`RESP${protocol}: ${name} is answered byte for byte as by redis-server`, async () => {
        const [ours, theirs] = await both(protocol);
        for (const words of lines)
          assert.equal(await ours.ask(...words), doubles(await theirs.ask(...words)), JSON.stringify(words));
        ours.close();
        theirs.close();
      });

  for (const protocol of [2, 3] as const)
    test(`RESP${protocol}: members of a set come in any order, but all of them`, async () => {
      const [ours, theirs] = await both(protocol);
      const sorted = (reply: string) => reply.split("\r\n").toSorted();
      for (const words of [
        ["SMEMBERS", "set"],
        ["SSCAN", "set", "0"],
        ["SCAN", "0", "COUNT", "1000"],
      ])
        assert.deepEqual(sorted(await ours.ask(...words)), sorted(await theirs.ask(...words)), words.join(" "));
      ours.close();
      theirs.close();
    });

  test("sizes are near those of redis-server", async () => {
    const [ours, theirs] = await both(3);
    for (const key of ["text", "list", "set", "zset", "hash"]) {
      const [said, wanted] = [await ours.ask("MEMORY", "USAGE", key), await theirs.ask("MEMORY", "USAGE", key)].map(
        (reply) => Number(/^:(\d+)\r\n$/.exec(reply)?.[1]),
      );
      assert.ok(said && wanted && said / wanted > 1 / 4 && said / wanted < 4, `${key}: ${said}, ${wanted}`);
    }
    ours.close();
    theirs.close();
  });

  test("TIME and INFO have redis-server's shape and lines", async () => {
    const [ours, theirs] = await both(3);
    const shape = (reply: string) => reply.replace(/\d+/g, "N");
    const [said, wanted] = [await ours.ask("TIME"), await theirs.ask("TIME")];
    assert.equal(shape(said), shape(wanted));
    const info = await ours.ask("INFO");
    assert.match(info, /^=\d+\r\ntxt:# Server\r\n/);
    const theirFields = new Set(fieldsOf(await theirs.ask("INFO")));
    const surplus = fieldsOf(info).filter((field) => !theirFields.has(field));
    assert.deepEqual(surplus, []);
    assert.match(info, /\r\n# Keyspace\r\ndb0:keys=\d+,expires=1,avg_ttl=\d+\r\n/);
    assert.deepEqual(fieldsOf(await ours.ask("INFO", "cpu")).length, 4);
    ours.close();
    theirs.close();
  });

  test("the commands of a connection are answered as by redis-server", async () => {
    for (const words of [
      ["HELLO", "4"],
      ["HELLO", "x"],
      ["HELLO", "3", "FOO"],
      ["HELLO", "3", "AUTH", "a", "b"],
      ["SELECT", "15"],
      ["SELECT", "16"],
      ["SELECT", "x"],
      ["SELECT"],
      ["AUTH", "x"],
      ["AUTH", "a", "b"],
      ["CLIENT", "SETNAME", "x"],
      ["CLIENT"],
      ["CLIENT", "FOO"],
    ]) {
      const [ours, theirs] = await both(2);
      assert.equal(await ours.ask(...words), await theirs.ask(...words), words.join(" "));
      ours.close();
      theirs.close();
    }
    for (const port of [standIn.port, real.port])
      assert.equal(await sendBytes(port, Buffer.from("QUIT\r\nPING\r\n")), "+OK\r\n");
  });

  test("databases are apart", async () => {
    const client = await openRaw(standIn.port);
    await client.ask("SELECT", "3");
    assert.equal(await client.ask("GET", "text"), "$-1\r\n");
    standIn.databases[3]?.set("text", "third");
    assert.equal(await client.ask("GET", "text"), "$5\r\nthird\r\n");
    client.close();
  });

  test("bytes that are no text come back as they are", async () => {
    standIn.databases[4]?.set("bytes", Buffer.from([0, 40, 255, 13, 10]));
    const client = await openRaw(standIn.port);
    await client.ask("SELECT", "4");
    assert.equal(await client.ask("GET", "bytes"), "$5\r\n\0(\u00ff\r\n\r\n");
    client.close();
  });

  test("nothing can be written, scripted or configured over the wire", async () => {
    const client = await openRaw(standIn.port);
    for (const words of [
      ["SET", "text", "x"],
      ["DEL", "text"],
      ["FLUSHALL"],
      ["EVAL", "return 1", "0"],
      ["CONFIG", "GET", "*"],
      ["KEYS", "*"],
      ["SHUTDOWN"],
      ["toString"],
      ["__proto__"],
      ["constructor"],
      [""],
      ["SET\r\n+OK", "x"],
    ])
      assert.match(await client.ask(...words), /^-NOPERM [^\r\n]*\r\n$/, words.join(" "));
    assert.equal(
      await client.ask("ACL", "DRYRUN", "default", "SET", "x", "y").then((reply) => /^\$\d+\r\nUser /.test(reply)),
      true,
    );
    client.close();
  });
});

/** Up to Redis 7.0, RESP2 gives scores with all 17 digits; later ones, and RESP3, the shortest text of the number. */
function doubles(reply: string): string {
  return reply.replace(/(?<=\r\n)\$\d+\r\n(-?\d+\.\d{5,}|\de\+\d+)(?=\r\n)/g, (_, text: string) => {
    const shortest = String(Number(text));
    return `$${shortest.length}\r\n${shortest}`;
  });
}

function fieldsOf(info: string): string[] {
  return [...info.matchAll(/^([a-z_0-9]+):/gm)].map(([, field = ""]) => field).filter((field) => field !== "txt");
}

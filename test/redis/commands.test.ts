import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Redis } from "../../src/redis/client.ts";
import * as commands from "../../src/redis/commands.ts";
import type { Command } from "../../src/redis/commands.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { failure, open, patient } from "./world.ts";

let server: RedisServer;
let clients: Record<"auto" | "2" | "3", Redis>;
before(async () => {
  server = await startRedisServer();
  const client = (protocol: string) => open({ url: server.url, protocol });
  clients = { auto: client("auto"), "2": client("2"), "3": client("3") };
  await server.cli(
    [],
    String.raw`
SET text "Grüße, 世界"
SET empty ""
SET bytes "\x00\x28\xff"
SET number 12345678901234567
RPUSH list a b "" c b "é"
SADD set one two ""
ZADD zset 1.5 a 1795318530.123456 b inf c -inf d 0 ""
HSET hash field value __proto__ polluted constructor c toString t 2 two 1 one "" empty
`,
  );
});
after(async () => {
  for (const client of Object.values(clients)) client.close();
  await server.stop();
});

const many = { rank: 1, count: 0, maxlen: 100 } as const;
/** A few of every command, and what each gives; undefined: whatever the server says, the same by each protocol. */
const cases: readonly (readonly [line: string, command: Command<unknown>, value?: unknown])[] = [
  ["get", commands.get("text"), "Grüße, 世界"],
  ["get of nothing", commands.get("absent"), undefined],
  ["get of an empty one", commands.get("empty"), ""],
  ["getBytes", commands.getBytes("bytes"), Buffer.from([0x00, 0x28, 0xff])],
  ["getBytes of nothing", commands.getBytes("absent"), undefined],
  ["mget", commands.mget(["number", "absent", "list"]), ["12345678901234567", undefined, undefined]],
  ["llen", commands.llen("list"), 6],
  ["llen of nothing", commands.llen("absent"), 0],
  ["lindex", commands.lindex("list", -1), "é"],
  ["lindex beyond", commands.lindex("list", 9), undefined],
  ["lrange", commands.lrange("list", 1, 3), ["b", "", "c"]],
  ["lrange of nothing", commands.lrange("absent", 0, -1), []],
  ["lpos from the tail", commands.lpos("list", "b", { rank: -1, maxlen: 100 }), 4],
  ["lpos beyond maxlen", commands.lpos("list", "b", { rank: 1, maxlen: 1 }), undefined],
  ["lposAll", commands.lposAll("list", "b", many), [1, 4]],
  ["lposAll of nothing", commands.lposAll("absent", "b", many), []],
  ["sscan", commands.sscan("set", "0", 10)],
  ["scard", commands.scard("set"), 3],
  ["sismember", commands.sismember("set", "one"), true],
  ["sismember not", commands.sismember("set", "three"), false],
  ["zcard", commands.zcard("zset"), 5],
  ["zcount", commands.zcount("zset", "-inf", "(1.5"), 2],
  [
    "zrange",
    commands.zrange("zset", 0, -1),
    [
      { member: "d", score: -Infinity },
      { member: "", score: 0 },
      { member: "a", score: 1.5 },
      { member: "b", score: 1795318530.123456 },
      { member: "c", score: Infinity },
    ],
  ],
  ["zrange of nothing", commands.zrange("absent", 0, -1), []],
  [
    "zrangeByScore",
    commands.zrangeByScore("zset", { min: 0, max: "+inf", offset: 1, count: 1 }),
    [{ member: "a", score: 1.5 }],
  ],
  ["hget", commands.hget("hash", "__proto__"), "polluted"],
  ["hmget", commands.hmget("hash", ["field", "absent", ""]), ["value", undefined, "empty"]],
  [
    "hgetall",
    commands.hgetall("hash"),
    new Map([
      ["field", "value"],
      ["__proto__", "polluted"],
      ["constructor", "c"],
      ["toString", "t"],
      ["2", "two"],
      ["1", "one"],
      ["", "empty"],
    ]),
  ],
  ["hgetall of nothing", commands.hgetall("absent"), new Map()],
  ["hlen", commands.hlen("hash"), 7],
  ["ping", commands.ping(), "PONG"],
  ["memoryUsage", commands.memoryUsage("list", 5)],
  ["memoryUsage of nothing", commands.memoryUsage("absent", 5), undefined],
  ["aclWhoami", commands.aclWhoami(), "default"],
  ...commands.aclMayChange("default", "text").map((one) => ["aclMayChange", one, true] as const),
];

describe("RESP2 and RESP3 give the same", () => {
  for (const [line, command, value] of cases)
    test(line, async () => {
      const replies = await Promise.all(
        Object.values(clients).map(async (client) => (await client.read([command], patient()))[0]),
      );
      const [first] = replies;
      assert.ok(first?.ok, first?.ok === false ? first.error.message : "");
      for (const reply of replies) assert.deepEqual(reply, first);
      if (cases.find((one) => one[1] === command)?.length === 3) assert.deepEqual(first.value, value);
    });

  test("smembers, in whatever order", async () => {
    for (const client of Object.values(clients)) {
      const [members] = await client.read([commands.smembers("set")], patient());
      assert.deepEqual(members.ok && new Set(members.value), new Set(["one", "two", ""]));
    }
  });

  test("scanSets, over pages", async () => {
    for (const client of Object.values(clients)) {
      const keys: string[] = [];
      let cursor = "0";
      do {
        const [page] = await client.read([commands.scanSets(cursor, "*e*", 1)], patient());
        assert.ok(page.ok);
        keys.push(...page.value.keys);
        cursor = page.value.cursor;
      } while (cursor !== "0");
      assert.deepEqual(keys, ["set"]);
    }
  });

  test("time and info, which move on", async () => {
    for (const client of Object.values(clients)) {
      const [time, info] = await client.read([commands.time(), commands.info("server")], patient());
      assert.ok(time.ok && Math.abs(time.value - Date.now()) < 60_000 && !Number.isInteger(time.value / 1_000));
      assert.ok(info.ok && /^redis_version:\d/m.test(info.value));
    }
  });

  test("every maker of commands is tried", () => {
    const names = new Set(cases.map(([line]) => line.split(" ")[0]));
    const makers = Object.entries(commands).filter(([name, one]) => typeof one === "function" && name !== "isAllowed");
    for (const [name] of makers)
      assert.ok(names.has(name) || ["smembers", "scanSets", "time", "info"].includes(name), name);
  });

  test("a wrong type and a wrong value are results of their own; the rest is read", async () => {
    for (const client of Object.values(clients)) {
      const [wrong, right, odd] = await client.read(
        [commands.llen("text"), commands.llen("list"), commands.zcount("zset", "x", 1)],
        patient(),
      );
      assert.deepEqual(!wrong.ok && failure(wrong.error).code, "REDIS_TYPE");
      assert.ok(right.ok);
      assert.deepEqual(!odd.ok && failure(odd.error), {
        code: "REDIS_REFUSED",
        message: "ERR min or max is not a float",
      });
    }
  });
});

describe("the allow-list", () => {
  test("a command that was not made there is not sent, however much it looks like one", async () => {
    const made = commands.get("text");
    const forged = [
      { ...made },
      { ...made, name: "set", args: ["text", "x"] } as never,
      Object.create(made) as typeof made,
      { name: "flushall", args: [], binary: false, decode: (reply: unknown) => reply } as never,
    ];
    const calls = await server.cli(["INFO", "commandstats"]);
    for (const one of forged) await assert.rejects(clients.auto.read([made, one], patient()), { code: "INTERNAL" });
    const sent = (text: string) => /^cmdstat_get:calls=(\d+)/m.exec(text)?.[1];
    assert.equal(sent(await server.cli(["INFO", "commandstats"])), sent(calls));
  });

  test("what was made cannot be changed, nor by changing what it was made of", async () => {
    const keys = ["text"];
    const made = commands.mget(keys);
    keys.push("list");
    assert.deepEqual(made.args, ["text"]);
    assert.throws(() => ((made as { name: string }).name = "del"), TypeError);
    assert.throws(() => (made.args as string[]).push("list"), TypeError);
  });
});

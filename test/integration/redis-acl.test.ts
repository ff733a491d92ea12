import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { aclSetUser, needsOf, redisCliLine, type Grant } from "../../src/redis/acl.ts";
import type { Redis } from "../../src/redis/client.ts";
import { allowedCommands, info } from "../../src/redis/commands.ts";
import { sampleKey } from "../../src/redis/key-pattern.ts";
import { missingRights, probeRights } from "../../src/redis/rights.ts";
import { systems } from "../../src/systems/registry.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { getOnce, open, patient } from "../redis/world.ts";

let server: RedisServer;
before(async () => void (server = await startRedisServer()));
after(() => server.stop());
beforeEach(async () => void (await server.cli(["ACL", "DELUSER", "watcher"])));

const everything: Grant = {
  keyPatterns: (prefix) => [`${prefix}queues`, `${prefix}queue:*`, `${prefix}*:[0-9a-f][0-9a-f]`],
  commands: systems.flatMap(({ commands }) => commands),
  prefixes: ["", "app*1:"],
};
const request = { username: "watcher", password: ">only-reads", grants: [everything], selectsDatabase: true };
const asWatcher = (path = ""): Redis => open(`redis://watcher:only-reads@127.0.0.1:${server.port}${path}`);
const setUser = (...rules: string[]) => server.cli(["ACL", "SETUSER", "watcher", "on", ">only-reads", ...rules]);

async function rightsOf(needs = needsOf(request.grants)) {
  const redis = asWatcher();
  try {
    return await probeRights(redis, needs, patient());
  } finally {
    redis.close();
  }
}

describe("the user that acl makes", () => {
  beforeEach(async () => {
    // The line for people, as redis-cli takes it at its prompt.
    assert.equal(await server.cli([], redisCliLine(aclSetUser(request))), "OK\n");
  });

  test("has every right that is needed, and none more that can be seen", async () => {
    const rights = await rightsOf();
    assert.deepEqual(rights, { refusedCommands: [], refusedKeys: [], readsOtherKeys: false, changes: undefined });
    assert.equal(missingRights(rights), undefined);
    await server.cli(["ACL", "SETUSER", "watcher", "+acl|whoami", "+acl|dryrun"]);
    assert.deepEqual((await rightsOf()).changes, []);
  });

  for (const system of systems)
    test(`reads ${system.title}, in another database too, without a refusal`, async () => {
      const prefix = system.defaultPrefix;
      const keyPatterns = (under: string) => system.keyPatterns(under);
      const grants = [{ keyPatterns, commands: system.commands, prefixes: [prefix] }];
      await server.cli(["ACL", "SETUSER", ...aclSetUser({ ...request, grants })]);
      await server.cli(["ACL", "LOG", "RESET"]);
      const redis = asWatcher("/3");
      await system.detect(redis, prefix, patient());
      const options = { prefix, namedQueues: ["a"], schedules: {}, includePast: true };
      const reader = system.open(redis, options);
      for (let turn = 0; turn < 2; turn++) assert.deepEqual((await reader.read(patient())).problems, []);
      const [text] = await redis.read([info()], patient());
      assert.ok(text.ok);
      redis.close();
      assert.equal((await server.cli(["ACL", "LOG"])).trim(), "");
    });

  test("may run what is needed and SELECT, as the server itself understood it", async () => {
    const line = (await server.cli(["ACL", "LIST"])).split("\n").find((one) => one.startsWith("user watcher ")) ?? "";
    const rules = line.split(" ").slice(4);
    const needed = needsOf(request.grants).commands.flatMap((name) => allowedCommands[name].split(" "));
    const commands = rules.filter((rule) => /^[+-]/.test(rule));
    assert.deepEqual(commands[0], "-@all");
    assert.deepEqual(new Set(commands.slice(1)), new Set([...needed, "+select"]));
    assert.ok(!commands.includes("+scan") && !commands.includes("+acl|whoami"));
    const other = rules.filter((rule) => !commands.includes(rule));
    assert.ok(
      other.every((rule) => rule.startsWith("%R~") || rule === "resetchannels"),
      other.join(" "),
    );
  });

  test("reads no other key, writes none, and subscribes to nothing", async () => {
    assert.deepEqual(await getOnce(`redis://watcher:only-reads@127.0.0.1:${server.port}`, "secret"), {
      code: "REDIS_PERMISSION",
      message: "NOPERM this user has no permissions to access one of the keys used as arguments",
    });
    const asUser = (...words: string[]) =>
      server.cli(["--user", "watcher", "--pass", "only-reads", "--no-auth-warning", ...words]);
    for (const words of [
      ["SET", "queues", "x"],
      ["DEL", "queues"],
      ["SUBSCRIBE", "x"],
      ["FLUSHALL"],
      ["ACL", "WHOAMI"],
    ])
      assert.match(await asUser(...words), /NOPERM/, words.join(" "));
    // A star in a prefix is a star.
    assert.match(await asUser("LLEN", "appX1:queue:x"), /NOPERM/);
    assert.equal(await asUser("LLEN", "app*1:queue:x"), "0\n");
  });

  test("loses what another user of that name might do before", async () => {
    await server.cli([
      "ACL",
      "SETUSER",
      "watcher",
      "on",
      "nopass",
      ">old",
      "allkeys",
      "allchannels",
      "+@all",
      "(+set ~*)",
    ]);
    await server.cli(["ACL", "SETUSER", ...aclSetUser(request)]);
    const line = (await server.cli(["ACL", "LIST"])).split("\n").find((one) => one.startsWith("user watcher "));
    assert.doesNotMatch(line ?? "", /nopass|\+@all|\(|&|\+set\b/);
    assert.equal(line?.match(/#[0-9a-f]{64}/g)?.length, 1);
  });
});

describe("rights that are missing or too wide", () => {
  const needs = needsOf([{ ...everything, prefixes: [""] }]);
  const hex = "*:[0-9a-f][0-9a-f]";

  test("commands and keys that are refused, by name", async () => {
    await setUser("+@read", "+ping", "+time", "-lpos", "-hgetall", "%R~queues", `%R~${hex}`);
    const rights = await rightsOf(needs);
    assert.deepEqual([rights.refusedCommands, rights.refusedKeys], [["lpos", "hgetall", "info"], ["queue:*"]]);
    const error = missingRights(rights);
    assert.deepEqual(
      [error?.code, error?.message],
      ["REDIS_PERMISSION", "the Redis user may not: commands lpos, hgetall, info; keys queue:*"],
    );
  });

  test("nothing is allowed: every command is named, of keys nothing is known", async () => {
    await setUser("~*");
    const rights = await rightsOf(needs);
    assert.deepEqual(rights.refusedCommands, needs.commands);
    assert.deepEqual([rights.refusedKeys, rights.readsOtherKeys, rights.changes], [[], undefined, undefined]);
  });

  test("the commands are allowed, no key is", async () => {
    await setUser("+@all");
    const { refusedCommands, refusedKeys, readsOtherKeys } = await rightsOf(needs);
    assert.deepEqual([refusedCommands, refusedKeys, readsOtherKeys], [[], needs.keyPatterns, false]);
  });

  test("whoever may do everything may read and change anything; and nothing was changed to know it", async () => {
    const earlier = await server.cli(["INFO", "commandstats"]);
    const redis = open(server.url);
    const rights = await probeRights(redis, needs, patient());
    redis.close();
    assert.deepEqual([rights.refusedCommands, rights.refusedKeys, rights.readsOtherKeys], [[], [], true]);
    for (const name of ["SET", "DEL", "LPUSH", "FLUSHDB", "EVAL"]) assert.ok(rights.changes?.includes(name), name);
    assert.equal(await server.cli(["DBSIZE"]), "0\n");
    const written = (text: string) =>
      text.match(/^cmdstat_(?:set|del|lpush|lpop|sadd|hset|zadd|expire|flushdb|eval):.*$/gm);
    assert.deepEqual(written(await server.cli(["INFO", "commandstats"])), written(earlier));
  });

  test("one changing command too many is found, on needed keys or on others", async () => {
    await setUser("+@read", "+ping", "+time", "+info", "+acl|whoami", "+acl|dryrun", "+lpush", "%R~*", "%W~queue:*");
    const { changes } = await rightsOf({ ...needs, keyPatterns: ["queue:*"] });
    assert.deepEqual(changes, ["LPUSH"]);
    await setUser("resetkeys", "%R~queue:*", "%W~queuewatch-*", "-lpush", "+del");
    assert.deepEqual((await rightsOf({ ...needs, keyPatterns: ["queue:*"] })).changes, ["DEL"]);
  });

  test("where every key is needed there are no others", async () => {
    await setUser("+@read", "+ping", "+time", "+info", "~*");
    assert.equal((await rightsOf({ ...needs, keyPatterns: ["*"] })).readsOtherKeys, undefined);
  });

  test("keys that are tried match their patterns, as the server has it", async () => {
    const patterns = needs.keyPatterns;
    await setUser("+get", ...patterns.map((pattern) => `%R~${pattern}`));
    for (const pattern of patterns) {
      const key = sampleKey(pattern, "probe");
      assert.equal(await server.cli(["ACL", "DRYRUN", "watcher", "GET", key]), "OK\n", key);
    }
  });
});

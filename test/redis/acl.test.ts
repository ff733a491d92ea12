import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { aclSetUser, needsOf, parseServerVersion, redisCliLine, type AclRequest } from "../../src/redis/acl.ts";
import { allowedCommands } from "../../src/redis/commands.ts";
import { matchesKey, sampleKey } from "../../src/redis/key-pattern.ts";
import { systems } from "../../src/systems/registry.ts";

const grant = (prefixes: string[] = [""]) => ({
  keyPatterns: (prefix: string) => [`${prefix}queues`, `${prefix}queue:*`],
  commands: ["llen", "memory"],
  prefixes,
});
const request: AclRequest = { username: "monitor", password: ">secret", grants: [grant()], selectsDatabase: false };
const line = (more: Partial<AclRequest> = {}) => redisCliLine(aclSetUser({ ...request, ...more }));
const version = (text: string) => ({ version: parseServerVersion(text) });

describe("ACL SETUSER", () => {
  const begin = "ACL SETUSER monitor on resetpass >secret resetkeys";
  const commands = "-@all +llen +time +ping +info +memory|usage";

  test("Redis 7 and newer, Valkey, or unknown: keys to read only", () => {
    const expected = `${begin} resetchannels clearselectors ${commands} %R~queues %R~queue:*`;
    for (const text of ["7.0.15", "8.2.1", "10.0.0", "Valkey 7.2.5", "Valkey 9.1.2"])
      assert.equal(line(version(text)), expected, text);
    assert.equal(line(), expected);
  });

  test("Redis 6.2: no such keys; 6.0: no channels either", () => {
    assert.equal(line(version("6.2.14")), `${begin} resetchannels ${commands} ~queues ~queue:*`);
    assert.equal(line(version("6.0.16")), `${begin} ${commands} ~queues ~queue:*`);
  });

  test("another database needs SELECT", () => {
    assert.match(line({ selectsDatabase: true }), /\+memory\|usage \+select %R~queues/);
  });

  test("several systems and prefixes, each right once; where all keys are needed, only that", () => {
    const both = { grants: [grant(["", "a:"]), { ...grant(["a:"]), commands: ["get", "llen"] }] };
    assert.match(
      line(both),
      /-@all \+get \+llen \+time \+ping \+info \+memory\|usage %R~queues %R~queue:\* %R~a:queues %R~a:queue:\*$/,
    );
    const all = { grants: [grant(), { ...grant(), keyPatterns: () => ["*"] }] };
    assert.match(line(all), /usage %R~\*$/);
  });

  test("a prefix is taken as it is written, whatever a pattern would make of it", () => {
    const [pattern] = needsOf([grant([String.raw`a*[b]?\ c:`])]).keyPatterns;
    assert.equal(pattern, String.raw`a\*\[b\]\?\\?c:queues`);
    assert.ok(matchesKey(pattern, String.raw`a*[b]?\ c:queues`));
    assert.ok(!matchesKey(pattern, String.raw`axb?\ c:queues`));
  });

  test("what could give more than was meant is not taken", () => {
    for (const username of ["", "a b", "a\n+@all", "a\0"]) assert.throws(() => line({ username }), { code: "USAGE" });
    for (const password of ["nopass", "secret", ">a b", ">", "#abc", "+@all"])
      assert.throws(() => line({ password }), { code: "USAGE" });
    assert.match(line({ password: `#${"0f".repeat(32)}` }), / #(?:0f){32} /);
  });

  test("words that redis-cli would split are quoted", () => {
    assert.equal(redisCliLine(["a", '>p"w', "it's", String.raw`b\c`]), String.raw`ACL SETUSER a ">p\"w" "it's" "b\\c"`);
  });

  for (const system of systems)
    test(`every command that ${system.title} names is one of ours, and none scans or asks about users`, () => {
      for (const name of system.commands) assert.ok(Object.hasOwn(allowedCommands, name), name);
      const needs = needsOf([{ ...system, keyPatterns: (prefix) => system.keyPatterns(prefix), prefixes: ["x:"] }]);
      for (const name of ["scan", "acl"] as const) assert.ok(!needs.commands.includes(name));
      assert.ok(needs.keyPatterns.every((pattern) => pattern.startsWith("x:")));
    });
});

test("versions as INFO tells them", () => {
  assert.deepEqual(parseServerVersion("7.0.15"), { product: "redis", major: 7, minor: 0 });
  assert.deepEqual(parseServerVersion("Valkey 8.1.1"), { product: "valkey", major: 8, minor: 1 });
  assert.equal(parseServerVersion("unstable"), undefined);
  assert.equal(parseServerVersion(undefined), undefined);
});

describe("key patterns", () => {
  const matching: readonly [pattern: string, key: string, matches: boolean][] = [
    ["queue:*", "queue:", true],
    ["queue:*", "queue:a\nb", true],
    ["queue:*", "xqueue:a", false],
    ["a.c", "abc", false],
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h[a-c]llo", "hbllo", true],
    ["h[^e]llo", "hello", false],
    ["h[^e]llo", "hallo", true],
    [String.raw`a\*b`, "a*b", true],
    [String.raw`a\*b`, "axb", false],
    ["j|*", "j|261122|3:05", true],
    ["[", "[", true],
  ];
  for (const [pattern, key, matches] of matching)
    test(`${pattern} ${matches ? "matches" : "does not match"} ${JSON.stringify(key)}`, () =>
      assert.equal(matchesKey(pattern, key), matches));

  test("a sample matches its pattern", () => {
    const part = fc.oneof(fc.constantFrom("*", "?", "[a-f]", "[^x]", "[0-9]", String.raw`\*`, ":", "|"), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        // A closing bracket or backslash at random would make other tokens of its neighbours.
        const pattern = parts.map((one) => (/^[[\\*?]/.test(one) ? one : one.replace(/[[\]\\*?]/g, "."))).join("");
        fc.pre(!/\[(?![af^0-])|\\(?!\*)/.test(pattern));
        assert.ok(matchesKey(pattern, sampleKey(pattern, "probe")), pattern);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileGlob } from "../../src/config/glob.ts";
import { namedQueues, queuePromise, statedLatency } from "../../src/config/promises.ts";

const matches = (glob: string, name: string) => compileGlob(glob).matches(name);

describe("globs", () => {
  const cases: [glob: string, name: string, expected: boolean][] = [
    ["mail", "mail", true],
    ["mail", "mails", false],
    ["report-*", "report-", true],
    ["report-*", "areport-1", false],
    ["*-low", "a-low-low", true],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "aXbYbZ", false],
    ["?", "", false],
    ["?", "😀", true],
    ["a?c", "abc", true],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    [String.raw`a\*`, "a*", true],
    [String.raw`a\*`, "ab", false],
    ["a\\", "a\\", true],
    ["[ab].(c)+$", "[ab].(c)+$", true],
  ];
  for (const [glob, name, expected] of cases)
    test(`${JSON.stringify(glob)} ${expected ? "matches" : "does not match"} ${JSON.stringify(name)}`, () =>
      assert.equal(matches(glob, name), expected));

  test("an escaped text matches itself and nothing else", () => {
    const escape = (text: string) => text.replaceAll(/[\\*?]/g, String.raw`\$&`);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (text, other) => {
        assert.equal(compileGlob(escape(text)).literal, text);
        assert.equal(matches(escape(text), other), text === other);
      }),
    );
  });

  test("a name matches what it becomes when parts of it are replaced by `*` or `?`", () => {
    const part = fc.record({ text: fc.stringMatching(/^[a-c]{0,4}$/), as: fc.constantFrom("text", "star", "mark") });
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const name = parts.map(({ text }) => text).join("");
        const glob = parts.map(({ text, as }) =>
          as === "star" ? "*" : as === "mark" ? "?".repeat(text.length) : text,
        );
        assert.ok(matches(glob.join(""), name));
        assert.ok(!matches(glob.join(""), `${name}d`) || glob.at(-1) === "*" || matches("*d", `${glob.join("")}d`));
      }),
    );
  });

  test("says the same as a regular expression", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,10}$/), (glob, name) => {
        const pattern = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        assert.equal(matches(glob, name), pattern.test(name));
      }),
      { numRuns: 2_000 },
    );
  });

  test("many stars take no exponential time", () => {
    assert.equal(matches(`${"*a".repeat(50)}b`, "a".repeat(20_000)), false);
  });
});

describe("what a queue promises", () => {
  const target = {
    queues: {
      critical: { latency: { warning: 10, critical: 60 }, team: "payments" },
      "report-*": { size: { critical: 5 } },
      "*-1": { team: "late" },
    },
  };

  test("is what the first match says", () => {
    assert.deepEqual(queuePromise(target, "critical"), {
      latency: { warning: 10, critical: 60 },
      size: {},
      team: "payments",
    });
    assert.deepEqual(queuePromise(target, "report-1"), { latency: {}, size: { critical: 5 }, team: undefined });
    assert.equal(queuePromise(target, "mail-1").team, "late");
  });

  test("is nothing where nobody says anything", () => {
    assert.deepEqual(queuePromise(target, "default"), { latency: {}, size: {}, team: undefined });
  });

  test("is what the name states, unless the config gives a latency", () => {
    assert.deepEqual(queuePromise(target, "within_5_minutes").latency, { critical: 300 });
    assert.deepEqual(queuePromise(target, "report-within_30s"), {
      latency: { critical: 30 },
      size: { critical: 5 },
      team: undefined,
    });
    const stated = { queues: { "within_*": { latency: { warning: 1 } } } };
    assert.deepEqual(queuePromise(stated, "within_5_minutes").latency, { warning: 1 });
  });

  test("the queues that are named without a pattern", () => {
    assert.deepEqual(namedQueues(target), ["critical"]);
  });
});

describe("a latency in a name", () => {
  const stated: [name: string, seconds: number | undefined][] = [
    ["within_5_minutes", 300],
    ["within_30_seconds", 30],
    ["WITHIN_1_HOUR", 3_600],
    ["mailers.within-90s", 90],
    ["latency_30s", 30],
    ["latency5m", 300],
    ["slo:2h", 7_200],
    ["within_1_day_low", 86_400],
    ["within_0_minutes", undefined],
    ["report_7d", undefined],
    ["5m", undefined],
    ["within_5_months", undefined],
    ["withinx_5m", undefined],
    ["awithin_5m", undefined],
    ["default", undefined],
  ];
  for (const [name, seconds] of stated) test(name, () => assert.equal(statedLatency(name), seconds));

  test("is read back from every number and unit", () => {
    const units = { second: 1, seconds: 1, s: 1, min: 60, minutes: 60, m: 60, hours: 3_600, h: 3_600, days: 86_400 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999_999 }),
        fc.constantFrom(...Object.entries(units)),
        fc.constantFrom("within", "latency", "slo"),
        (number, [unit, seconds], word) => {
          assert.equal(statedLatency(`jobs_${word}_${number}_${unit}`), number * seconds);
          assert.equal(statedLatency(`${word}_${number}${unit}`), number * seconds);
        },
      ),
    );
  });
});

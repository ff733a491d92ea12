import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseConfig, parseGeneratorConfig } from "../../src/config/load.ts";
import { parseDuration } from "../../src/config/quantities.ts";
import { resolveReferences } from "../../src/config/references.ts";
import { configSchema } from "../../src/config/schema.ts";
import { suggest } from "../../src/config/suggest.ts";
import { QueuewatchError } from "../../src/errors.ts";

/** Whatever comes in, it is a config or told to be none, with a place; never another error. */
function acceptsOrRefuses(text: string, env: Record<string, string>): void {
  for (const parse of [() => parseConfig(text, { file: "q.yaml", env }), () => parseGeneratorConfig(text, "q.yaml")])
    try {
      parse();
    } catch (error) {
      assert.ok(error instanceof QueuewatchError, String(error));
      assert.match(error.code, /^CONFIG_/);
      for (const line of error.message.split("\n")) assert.match(line, /^(?:q\.yaml(?::\d+:\d+)?|[A-Z_]+): /);
    }
}

describe("any text at all", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const example = /^```yaml\n([^]*?)^```$/m.exec(readme)?.[1] ?? assert.fail("no example");

  test("is a config, or refused with code and place", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => acceptsOrRefuses(text, {})));
  });

  test("and so is a good config with something in it changed", () => {
    const change = fc.record({
      at: fc.nat(example.length),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom("\n", "\t", ": ", "- ", "*a", "&a ", "!!x ", "${", "<<: ", "{", "]", "---\n"),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce(
          (before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut),
          example,
        );
        acceptsOrRefuses(text, { REDIS_URL: "redis://x", DD_API_KEY: "k" });
      }),
      { numRuns: 300 },
    );
  });

  test("and so is any tree, with our keys or others", () => {
    const key = fc.oneof(
      fc.constantFrom(...Object.keys(configSchema.shape), "redis", "otlp", "name", "queues"),
      fc.string(),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
        fc.array(tie("tree"), { maxLength: 3 }),
      ),
    }));
    fc.assert(fc.property(tree, (value) => acceptsOrRefuses(stringify(value), {})));
  });

  test("every text stands for itself once it is escaped", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const escaped = text.replaceAll("${", "$${");
        const { text: back, missing, malformed } = resolveReferences(escaped, {});
        // `$${` in the text itself would be an escape before it is escaped.
        if (!text.includes("$${")) assert.deepEqual([back, missing, malformed], [text, [], false]);
      }),
    );
  });
});

describe("durations", () => {
  test("are read back from their parts", () => {
    const units = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
    const parts = fc.array(fc.tuple(fc.nat(999), fc.constantFrom("d", "h", "m", "s")), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, (all) => {
        const text = all.map(([number, unit]) => `${number}${unit}`).join("");
        const expected = all.reduce((sum, [number, unit]) => sum + number * units[unit], 0);
        assert.equal(parseDuration(text), expected);
      }),
    );
  });

  for (const text of ["", "5", "m", "1.m", "-1s", "1s ", "1 s", "1e3s", "1w", "٣s"])
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseDuration(text), undefined));
});

describe("a suggestion", () => {
  const keys = ["interval", "targets", "environment", "state_dir", "warning"];
  const meant: [word: string, key: string | undefined][] = [
    ["intervl", "interval"],
    ["Interval", "interval"],
    ["stateDir", "state_dir"],
    ["state-dir", "state_dir"],
    ["enviroment", "environment"],
    ["wraning", "warning"],
    ["banana", undefined],
    ["", undefined],
  ];
  for (const [word, key] of meant) test(`for ${JSON.stringify(word)}`, () => assert.equal(suggest(word, keys), key));

  test("is there for every word with one letter changed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(8), fc.stringMatching(/^[a-z]$/), (key, at, letter) => {
        assert.equal(suggest(key.slice(0, at % key.length) + letter + key.slice((at % key.length) + 1), keys), key);
      }),
    );
  });

  test("takes no time for a word of megabytes", () => {
    assert.equal(suggest("x".repeat(5_000_000), keys), undefined);
  });
});

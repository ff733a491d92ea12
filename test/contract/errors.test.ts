import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { asQueuewatchError, errors, QueuewatchError } from "../../src/errors.ts";

const root = join(import.meta.dirname, "../..");
const textOf = (paths: readonly string[]): string =>
  paths.map((path) => readFileSync(join(root, path), "utf8")).join("\n");
const tests = textOf(
  globSync("test/**/*.ts", { cwd: root, exclude: ["test/contract/errors.test.ts", "test/support/**"] }),
);
const sources = textOf(globSync("src/**/*.ts", { cwd: root, exclude: ["src/errors.ts"] }));
const readme = readFileSync(join(root, "README.md"), "utf8");

describe("every error", () => {
  for (const [code, { summary, action }] of Object.entries(errors)) {
    const word = new RegExp(`\\b${code}\\b`);
    test(`${code} is raised`, () => assert.ok(word.test(sources)));
    test(`${code} is tested`, () => assert.ok(word.test(tests)));
    test(`${code} is documented, in sentences`, () => {
      assert.ok(readme.includes(`| \`${code}\` | ${summary} |`));
      for (const sentence of [summary, action]) assert.match(sentence, /^[A-Z].*[.}"]$/);
    });
  }
});

describe("an error for people", () => {
  test("says what to do: its own advice, or the table's", () => {
    assert.equal(new QueuewatchError("USAGE", "x").action, errors.USAGE.action);
    assert.equal(new QueuewatchError("USAGE", "x", { action: "Do y." }).action, "Do y.");
  });

  test("is not wrapped twice; whatever else was thrown is", () => {
    const error = new QueuewatchError("REDIS_AUTH", "x");
    assert.equal(asQueuewatchError(error, "USAGE"), error);
    const wrapped = asQueuewatchError(new TypeError("y"));
    assert.deepEqual([wrapped.code, wrapped.message], ["INTERNAL", "y"]);
    assert.equal(asQueuewatchError("z", "LISTEN_FAILED").message, "z");
  });
});

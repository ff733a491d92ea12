import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { loadGeneratorConfig, parseConfig, parseGeneratorConfig } from "../../src/config/load.ts";

const root = join(import.meta.dirname, "../..");

interface Example {
  readonly where: string;
  readonly text: string;
}

/** ```yaml blocks of Markdown files that are configs of ours: they have targets at the top. */
function blocksOf(path: string): Example[] {
  const blocks = [...readFileSync(join(root, path), "utf8").matchAll(/^```yaml\n([^]*?)^```$/gm)];
  return blocks
    .map(([, text], index) => ({ where: `${path}, block ${index + 1}`, text: text ?? "" }))
    .filter(({ text }) => /^targets:/m.test(text));
}

/** Configs that are mounted as files: texts under the key `queuewatch.yaml`, wherever in a manifest. */
function mountedIn(path: string): Example[] {
  const found: Example[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, below] of Object.entries(value))
      if (key === "queuewatch.yaml" && typeof below === "string") found.push({ where: path, text: below });
      else look(below);
  };
  for (const document of parseAllDocuments(readFileSync(join(root, path), "utf8"))) look(document.toJS());
  return found;
}

const files = (pattern: string | string[]): string[] =>
  globSync(pattern, { cwd: root, exclude: ["node_modules/**", "**/templates/**", "**/generated/**"] });

const examples: Example[] = [
  ...files(["*.md", "docs/**/*.md", "deploy/**/*.md", "dashboards/*.md", "alerting/*.md"]).flatMap(blocksOf),
  ...files("deploy/{kubernetes,compose}/**/*.{yaml,yml}").flatMap(mountedIn),
  ...files("deploy/**/queuewatch*.yaml").map((path) => ({ where: path, text: readFileSync(join(root, path), "utf8") })),
];

/** Whatever an example refers to is set: a URL is right in most places. */
function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => [name, "redis://localhost:6379"]));
}

describe("every config shown to people is accepted", () => {
  test("there are some, in the README and in deploy", () => {
    assert.ok(examples.some(({ where }) => where.startsWith("README.md")));
    assert.ok(examples.some(({ where }) => where.startsWith("deploy/")));
  });

  for (const { where, text } of examples) {
    test(`by the agent: ${where}`, () =>
      assert.ok(parseConfig(text, { file: where, env: environmentOf(text) }).targets.length > 0));
    test(`by the generator: ${where}`, () => assert.ok(parseGeneratorConfig(text, where).targets.length > 0));
  }

  test("the generator does without a config", async () => {
    assert.deepEqual((await loadGeneratorConfig({ env: {} })).targets, []);
  });
});

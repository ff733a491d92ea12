import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { loadGeneratorConfig, parseConfig, parseGeneratorConfig } from "../../src/config/load.ts";
import type { GeneratorConfig } from "../../src/config/schema.ts";
import { parseGeneratorTargets, parseTargets } from "../../src/config/target-file.ts";

const root = join(import.meta.dirname, "../..");

interface Example {
  readonly where: string;
  readonly text: string;
}

/** All ```yaml blocks of a Markdown file. */
function blocksOf(path: string): Example[] {
  const blocks = [...readFileSync(join(root, path), "utf8").matchAll(/^```yaml\n([^]*?)^```$/gm)];
  return blocks.map(([, text], index) => ({ where: `${path}, block ${index + 1}`, text: text ?? "" }));
}

/** Configs of ours have targets at the top, or name their files. */
const isConfig = ({ text }: Example): boolean => /^(?:targets|target_files):/m.test(text);

/** A list of targets, or a ConfigMap each of whose entries is a file of them. */
function targetFilesIn({ where, text }: Example): Example[] {
  if (/^- name:/m.test(text)) return [{ where, text }];
  if (!/^kind: ConfigMap$/m.test(text)) return [];
  const { data } = parse(text) as { data: Record<string, string> };
  return Object.entries(data).map(([name, file]) => ({ where: `${where}, ${name}`, text: file }));
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

const blocks = files(["*.md", "docs/**/*.md", "deploy/**/*.md", "dashboards/*.md", "alerting/*.md"]).flatMap(blocksOf);

const examples: Example[] = [
  ...blocks.filter(isConfig),
  ...files("deploy/{kubernetes,compose}/**/*.{yaml,yml}").flatMap(mountedIn),
  ...files("deploy/**/queuewatch*.yaml").map((path) => ({ where: path, text: readFileSync(join(root, path), "utf8") })),
];

/** Whatever an example refers to is set: a URL is right in most places. */
function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => [name, "redis://localhost:6379"]));
}

const watches = (config: Pick<GeneratorConfig, "targets" | "target_files">): boolean =>
  config.targets.length + config.target_files.length > 0;

describe("every file of targets shown to people is accepted", () => {
  const shown = blocks.filter((block) => !isConfig(block)).flatMap(targetFilesIn);
  test("there are some, lists and single ones", () => {
    assert.ok(shown.some(({ text }) => text.includes("- name:")));
    assert.ok(shown.some(({ text }) => text.startsWith("name:")));
  });
  for (const { where, text } of shown)
    test(where, () => {
      const { targets } = parseTargets(text, where, environmentOf(text));
      assert.equal(parseGeneratorTargets(text, where).targets.length, targets.length);
    });
});

describe("every config shown to people is accepted", () => {
  test("there are some, in the README and in deploy", () => {
    assert.ok(examples.some(({ where }) => where.startsWith("README.md")));
    assert.ok(examples.some(({ where }) => where.startsWith("deploy/")));
  });

  for (const { where, text } of examples) {
    test(`by the agent: ${where}`, () =>
      assert.ok(watches(parseConfig(text, { file: where, env: environmentOf(text) }))));
    test(`by the generator: ${where}`, () => assert.ok(watches(parseGeneratorConfig(text, where))));
  }

  test("the generator does without a config", async () => {
    assert.deepEqual((await loadGeneratorConfig({ env: {} })).targets, []);
  });
});

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { generators } from "../../.dev/generators.ts";
import { commandNames } from "../../src/cli/commands.ts";
import { fillSections, sectionNames } from "../../src/generate/markdown.ts";
import { sections } from "../../src/generate/docs.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");

describe("generated files are fresh (else: npm run generate)", () => {
  for (const generator of generators)
    test(generator.title, async () => {
      for (const { path, text: expected } of await generator.files((name) => Promise.resolve(text(name))))
        assert.ok(existsSync(join(root, path)) && text(path) === expected, `${path} is stale`);
    });
});

describe("the README", () => {
  const readme = text("README.md");

  test("has a place for each generated section", async () => {
    assert.deepEqual(new Set(sectionNames(readme)), new Set(Object.keys(await sections())));
  });

  test("would be found stale when a table is changed by hand", async () => {
    const changed = readme.replace("| `USAGE` |", "| `USAGES` |");
    assert.notEqual(changed, readme);
    assert.equal(fillSections(changed, await sections()), readme);
  });

  test("links only to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path ?? "");
    assert.ok(links.length > 2);
    for (const path of links) assert.ok(existsSync(join(root, path)), path);
  });

  test("names only commands and npm scripts that exist", () => {
    const manifest = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
    const shown = [...readme.matchAll(/\bqueuewatch (?!COMMAND)([a-z]+)/g)].map(([, name]) => name ?? "");
    const prose = new Set(["watches"]);
    for (const name of shown) assert.ok(prose.has(name) || commandNames.some((known) => known === name), name);
    for (const [, name] of readme.matchAll(/\bnpm run ([\w:]+)/g)) assert.ok(manifest.scripts[name ?? ""], name);
  });

  test("speaks of no heading without content", () => {
    assert.doesNotMatch(readme, /^#+ .*\n+(?=#+ |$(?![^]))/m);
  });
});

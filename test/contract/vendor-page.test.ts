import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { prometheusName } from "../../src/catalogue/prometheus-name.ts";
import { command } from "../../src/cli/generate.ts";
import { vendors } from "../../src/export/vendors.ts";

// deploy/vendors.md says what is so.

const folder = join(import.meta.dirname, "../../deploy");
const page = readFileSync(join(folder, "vendors.md"), "utf8");
const sections = page.split(/^## /m).slice(1);

suite("deploy/vendors.md", () => {
  for (const preset of Object.keys(vendors))
    test(`has three lines to send for ${preset}, and its row`, () => {
      assert.ok(sections.some((section) => section.includes(`preset: ${preset},`)));
      assert.match(page, new RegExp(`^\\| [^|]+ \\| \`${preset}\` `, "m"));
    });

  test("links to what exists", () => {
    const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => path);
    assert.ok(links.length > 5);
    for (const link of links) assert.ok(existsSync(join(folder, link)), link);
  });

  test("asks for metrics that the agent sends, by the names that they have there", () => {
    const known = new Set(catalogue.flatMap((metric) => [metric.name, prometheusName(metric)]));
    const queries = [...page.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, text = ""]) => text).join("\n");
    const names = [...queries.matchAll(/jobqueue[._][\w.]+/g)].map(([name]) => name);
    assert.ok(names.length >= 6);
    for (const name of names) assert.ok(known.has(name), name);
  });

  test("names outputs that can be generated", () => {
    const shown = [...page.matchAll(/queuewatch generate (\w+)/g)].map(([, name = ""]) => name);
    assert.ok(shown.includes("datadog") && shown.includes("newrelic"));
    for (const name of shown) assert.ok(command.positional?.choices.includes(name), name);
  });
});

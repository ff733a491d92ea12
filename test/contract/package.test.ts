import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run as runMain } from "../support/command-line.ts";

const root = join(import.meta.dirname, "../..");

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

interface Locked {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly hasInstallScript?: boolean }>
  >;
}

const pack = (): Packed => {
  const out = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [packed] = JSON.parse(out) as Packed[];
  assert.ok(packed);
  return packed;
};

describe("what is published", () => {
  const packed = pack();
  const paths = packed.files.map(({ path }) => path);

  test("the program, which makes all that is generated, a Collector config, the licence and nothing else", () => {
    const wanted = /^(dist\/[\w-]+\.js|otel-config\.yaml|package\.json|README\.md|LICENSE)$/;
    assert.deepEqual(
      paths.filter((path) => !wanted.test(path)),
      [],
    );
    for (const path of ["dist/queuewatch.js", "LICENSE", "otel-config.yaml"])
      assert.ok(paths.includes(path), `${path} is missing`);
  });

  test("the program can be executed", () => {
    const program = packed.files.find(({ path }) => path === "dist/queuewatch.js");
    assert.equal((program?.mode ?? 0) & 0o111, 0o111);
    assert.ok(readFileSync(join(root, "dist/queuewatch.js"), "utf8").startsWith("#!/usr/bin/env node\n"));
  });

  test("is at most 400 KiB to download", () =>
    assert.ok(packed.size <= 400 * 1024, `${(packed.size / 1024).toFixed(0)} KiB`));

  for (const what of [["all"], ["grafana", "--format", "v2"]])
    test(`the built program generates what the sources generate: ${what.join(" ")}`, async () => {
      const out = mkdtempSync(join(tmpdir(), "queuewatch-generated-"));
      after(() => rmSync(out, { recursive: true }));
      const [built, source] = [join(out, "built"), join(out, "source")];
      execFileSync(process.execPath, [join(root, "dist/queuewatch.js"), "generate", ...what, "--out", built], {
        stdio: "ignore",
      });
      assert.equal((await runMain(["generate", ...what, "--out", source])).code, 0);
      const files = globSync("**/*", { cwd: source, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.ok(files.length > 5);
      assert.deepEqual(globSync("**/*", { cwd: built }).toSorted(), globSync("**/*", { cwd: source }).toSorted());
      for (const { parentPath, name } of files) {
        const path = join(parentPath, name);
        assert.ok(readFileSync(path.replace(source, built), "utf8") === readFileSync(path, "utf8"), path);
      }
    });

  test("functions and classes keep their names, for stack traces", () => {
    const chunks = globSync("*.js", { cwd: join(root, "dist") }).map((name) =>
      readFileSync(join(root, "dist", name), "utf8"),
    );
    for (const name of ["QueuewatchError", "runProgram", "Secret"])
      assert.ok(
        chunks.some((text) => new RegExp(`,"${name}"\\)`).test(text)),
        name,
      );
  });
});

describe("packages that the agent is built from", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Locked;
  const production = Object.entries(packages).filter(([path, { dev, optional }]) => path !== "" && !dev && !optional);

  test("are at most 25", () => assert.ok(production.length <= 25, String(production.length)));

  test("have no install scripts", () =>
    assert.deepEqual(
      production.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
      [],
    ));

  test("have exact versions in package.json", () => {
    const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string>>;
    for (const list of ["dependencies", "devDependencies", "optionalDependencies"])
      for (const [name, version] of Object.entries(own[list] ?? {})) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });

  test("are in the bill of materials with their licences, and so is what is bundled besides; no tool is", () => {
    const out = execFileSync(process.execPath, [".dev/sbom.mjs"], { cwd: root, encoding: "utf8", stdio: "pipe" });
    const { components } = JSON.parse(out) as {
      components: readonly { name: string; licenses?: readonly unknown[] }[];
    };
    const expected = production.map(([path]) => path.replace("node_modules/", ""));
    assert.deepEqual(
      components.map(({ name }) => name).toSorted(),
      ["@grafana/grafana-foundation-sdk", ...expected].toSorted(),
    );
    for (const { name, licenses } of components) assert.ok(licenses?.length, name);
  });
});

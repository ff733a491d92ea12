import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes } from "../../src/catalogue/metric.ts";

const root = join(import.meta.dirname, "../..");
const sources = globSync("src/**/*.ts", { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8"),
}));

interface Import {
  readonly from: string;
  readonly to: string;
}

/** All imports of src, static and dynamic; those of our own files as paths from the root. */
const imports: Import[] = sources.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map(([, to = ""]) => ({
    from: path,
    to: to.startsWith(".") ? normalize(join(dirname(path), to)) : to,
  })),
);

function only(folders: readonly string[], isMeant: (to: string) => boolean): void {
  const used = imports.filter(({ to }) => isMeant(to));
  const others = used.filter(({ from }) => !folders.some((folder) => from.startsWith(folder)));
  assert.deepEqual(others, []);
}

describe("who may know what", () => {
  test("the imports were read", () => {
    assert.ok(imports.length > 100);
    assert.ok(imports.some(({ to }) => to === "src/errors.ts"));
    assert.ok(imports.some(({ to }) => to === "src/generate/generate.ts"));
  });

  test("only redis/ knows ioredis", () => only(["src/redis/"], (to) => to === "ioredis"));
  test("only export/ knows OpenTelemetry", () => only(["src/export/"], (to) => to.startsWith("@opentelemetry/")));
  test("only config/ and generate/ know YAML", () => only(["src/config/", "src/generate/"], (to) => to === "yaml"));
  test("the agent does without PromQL", () =>
    only(["src/promql/", "src/generate/"], (to) => to.startsWith("src/promql/")));
  test("the agent does without the generator, but for two commands", () =>
    only(["src/generate/", "src/cli/generate.ts", "src/cli/check.ts"], (to) => to.startsWith("src/generate/")));
  test("nothing but the program knows its commands", () =>
    only(["src/cli/", "src/main.ts", "src/generate/"], (to) => to.startsWith("src/cli/")));
  test("only a system's own folder knows it, besides the registry", () => {
    for (const system of ["sidekiq", "resque"])
      only([`src/systems/${system}/`, "src/systems/registry.ts"], (to) => to.startsWith(`src/systems/${system}/`));
  });
  test("the catalogue knows nobody", () => {
    const known = imports.filter(
      ({ from, to }) => from.startsWith("src/catalogue/") && !to.startsWith("src/catalogue/"),
    );
    assert.deepEqual(known, []);
  });

  test("no source starts programs or makes code at run time", () => {
    for (const { path, text } of sources) {
      assert.doesNotMatch(text, /["'](?:node:)?(?:child_process|cluster|vm|worker_threads)["']/, path);
      assert.doesNotMatch(text, /\beval\(|\bnew Function\b|\bFunction\(/, path);
    }
  });
});

describe("packages", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
  };
  const installed = Object.entries(lock.packages).filter(([path]) => path !== "");

  test("there is one copy of OpenTelemetry's core", () => {
    const copies = installed.filter(([path]) => path.endsWith("node_modules/@opentelemetry/core"));
    assert.equal(copies.length, 1);
  });

  test("what runs in production is at most 25 packages, without install scripts", () => {
    const production = installed.filter(([, { dev, optional }]) => dev !== true && optional !== true);
    assert.ok(production.length > 5 && production.length <= 25, String(production.length));
    assert.deepEqual(
      production.filter(([, { hasInstallScript }]) => hasInstallScript),
      [],
    );
  });

  test("all versions are exact", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
      string,
      Record<string, string>
    >;
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies"])
      for (const [name, version] of Object.entries(manifest[kind] ?? {}))
        assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });

  test("no tracked file names a registry's host in a lock", () => {
    const tracked = execFileSync("git", ["ls-files", "*package-lock.json", "*.npmrc"], { cwd: root, encoding: "utf8" });
    const locks = tracked.trim().split("\n");
    assert.ok(locks.includes("package-lock.json"));
    for (const path of locks)
      assert.doesNotMatch(
        readFileSync(join(root, path), "utf8"),
        /"resolved"|registry\s*=|https?:\/\/[^"]*\.tgz/,
        path,
      );
  });
});

describe("the catalogue", () => {
  const names = catalogue.map(({ name }) => name);

  test("no name is used twice, nor is another's prefix at a dot", () => {
    assert.equal(new Set(names).size, names.length);
    for (const name of names)
      assert.deepEqual(
        names.filter((other) => other.startsWith(`${name}.`)),
        [],
      );
  });

  for (const metric of catalogue)
    test(`${metric.name} is named, described and measured as OpenTelemetry has it`, () => {
      assert.match(metric.name, /^(?:jobqueue|redis|queuewatch)(?:\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*)+$/);
      // Names and units of redis.* are those of the Collector's receiver.
      const own = !metric.name.startsWith("redis.");
      if (own) assert.doesNotMatch(metric.name, /(?:^|[._])(?:total|seconds|bytes|ratio)(?:[._]|$)/);
      assert.match(metric.unit, own ? /^(?:s|By|\{[a-z_]+\})$/ : /^(?:s|ms|us|By|1|\{[a-z_]+\})$/);
      assert.match(metric.help, /^[A-Z0-9].{15,}\.$/);
      const common: readonly string[] = commonAttributes[metric.scope];
      for (const attribute of metric.attributes) {
        assert.match(attribute, /^[a-z][a-z.]*$/);
        assert.ok(!["job", "instance", "le", "quantile"].includes(attribute), attribute);
        assert.ok(metric.scope === "agent" || !common.includes(attribute), attribute);
      }
      assert.equal(metric.kind === "histogram", metric.bounds.length > 0);
      assert.deepEqual(
        metric.bounds,
        metric.bounds.toSorted((a, b) => a - b),
      );
      assert.ok(metric.sumOver.every((attribute) => metric.attributes.includes(attribute)));
    });
});

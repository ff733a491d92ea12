import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".github/workflows");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string): Workflow => parse(readFileSync(join(folder, name), "utf8")) as Workflow;

for (const name of globSync("*.yml", { cwd: folder }))
  describe(name, () => {
    const { jobs, permissions, on } = workflow(name);
    const steps = Object.values(jobs).flatMap((job) => job.steps);

    test("actions are pinned to a commit, and leave no credentials behind", () => {
      const used = steps.filter(({ uses }) => uses !== undefined);
      assert.ok(used.length > 0);
      for (const { uses = "", with: given } of used) {
        assert.match(uses, /^actions\/[\w-]+@[0-9a-f]{40}$/);
        if (uses.startsWith("actions/checkout@")) assert.equal(given?.["persist-credentials"], false);
      }
    });

    test("may only read, no pull request gets secrets, every job ends", () => {
      assert.ok(Object.values(permissions).every((right) => right === "read"));
      assert.ok(!("pull_request_target" in on) && !("workflow_run" in on));
      for (const job of Object.values(jobs)) assert.ok(job["timeout-minutes"]);
      assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), /\$\{\{ *secrets\./);
    });

    test("no command contains what somebody else may name", () => {
      for (const { run = "" } of steps) assert.doesNotMatch(run, /\$\{\{/);
    });

    test("runs programs that exist", () => {
      for (const { run = "" } of steps) {
        if (run.startsWith(".ci/")) assert.ok(existsSync(join(root, run)));
        const file = /--file (\S+)/.exec(run)?.[1];
        if (file !== undefined) assert.ok(existsSync(join(root, file)));
      }
    });
  });

describe("release.yml", () => {
  const { jobs, on } = workflow("release.yml");
  const publish = jobs["publish"] ?? assert.fail("no job publish");
  const commands = publish.steps.map(({ run = "" }) => run).filter((run) => run !== "");
  const position = (part: string): number => {
    const found = commands.findIndex((run) => run.includes(part));
    assert.ok(found >= 0, part);
    return found;
  };

  test("publishes tags of versions only, after the tests, from an environment of its own", () => {
    assert.deepEqual(on, { push: { tags: ["v[0-9]+.[0-9]+.[0-9]+"] } });
    assert.equal(publish.needs, "test");
    assert.equal(publish.environment, "npm");
    assert.ok(position("package.json") < position("publish"), "the tag is compared with the version first");
  });

  test("rights: an identity for provenance and the release; nothing else, nothing elsewhere", () => {
    assert.deepEqual(publish.permissions, { contents: "write", "id-token": "write" });
    for (const [name, job] of Object.entries(jobs))
      if (name !== "publish") assert.deepEqual(job.permissions, { contents: "read" });
  });

  test("built without install scripts, published with provenance by an npm of an exact version", () => {
    const run = commands[position("publish ")] ?? "";
    assert.match(run, /npm@\d+\.\d+\.\d+ publish\b/);
    for (const flag of ["--provenance", "--ignore-scripts"]) assert.ok(run.includes(flag), flag);
    assert.match(commands[position("npm install")] ?? "", /--ignore-scripts/);
    assert.ok(position("npm run build") < position("publish "));
  });

  test("the bill of materials is made and attached to the release", () => {
    const file = /sbom\.mjs > (\S+)/.exec(commands[position("sbom.mjs")] ?? "")?.[1] ?? assert.fail("no file");
    const attach = position("gh release create");
    assert.ok(commands[attach]?.includes(` ${file} `));
    assert.ok(position("sbom.mjs") < attach);
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { loadConfig, loadGeneratorConfig, loadOwnConfig } from "../../src/config/load.ts";
import { filePatterns, lookAtFiles, sameLook, type Look } from "../../src/config/target-files.ts";
import { QueuewatchError, type ErrorCode } from "../../src/errors.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "queuewatch-targets-"));
  await mkdir(join(dir, "targets.d"));
});
afterEach(() => rm(dir, { recursive: true }));

const write = (path: string, text: string) => writeFile(join(dir, path), text);
const target = (name: string, more = "") => `{ name: ${name}, redis: "redis://${name}"${more} }`;
const names = (targets: readonly { readonly name: string }[]) => targets.map(({ name }) => name);

/** Loads the config `queuewatch.yaml` of the folder. */
const load = (env = {}) => loadConfig({ file: join(dir, "queuewatch.yaml"), env });

/** The lines of the error that loading gives, without the folder's path. */
async function refusal(code: ErrorCode, loading: () => Promise<unknown> = load): Promise<string[]> {
  const error: unknown = await loading().then(
    () => assert.fail("was accepted"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof QueuewatchError, String(error));
  assert.equal(error.code, code, error.message);
  return error.message.replaceAll(`${dir}/`, "").split("\n");
}

describe("the files that target_files names", () => {
  const look = (...patterns: string[]) => lookAtFiles(filePatterns(patterns, join(dir, "queuewatch.yaml")));
  const found = (seen: Look) => [...seen].map(([file, content]) => [file.slice(dir.length + 1), content]);

  test("are those whose names match, in order, from the config's folder on", async () => {
    for (const name of ["b.yaml", "a.yaml", "c.yml", "A.yaml"]) await write(`targets.d/${name}`, name);
    await write("queuewatch.yaml", "the config itself");
    await write("more.yaml", "more");
    assert.deepEqual(found(await look("targets.d/*.yaml", `${dir}/targets.d/?.y*`)), [
      ["targets.d/A.yaml", "A.yaml"],
      ["targets.d/a.yaml", "a.yaml"],
      ["targets.d/b.yaml", "b.yaml"],
      ["targets.d/c.yml", "c.yml"],
    ]);
    assert.deepEqual(found(await look("*.yaml")), [["more.yaml", "more"]]);
  });

  test("are files: no folders, nothing hidden, nothing that would never end", async () => {
    await mkdir(join(dir, "targets.d/folder"));
    await write("targets.d/.hidden", "hidden");
    execFileSync("mkfifo", [join(dir, "targets.d/pipe")]);
    assert.deepEqual(found(await look("targets.d/*")), []);
    assert.deepEqual(found(await look("targets.d/.h*")), [["targets.d/.hidden", "hidden"]]);
  });

  test("may be links, as in a ConfigMap that is mounted", async () => {
    const volume = join(dir, "targets.d");
    const put = async (version: string, text: string) => {
      await mkdir(join(volume, version));
      await writeFile(join(volume, version, "shop.yaml"), text);
      await symlink(version, join(volume, "..data_tmp"));
      await rename(join(volume, "..data_tmp"), join(volume, "..data"));
    };
    await put("..2026_11_23_08_00_00.1", "one");
    await symlink("..data/shop.yaml", join(volume, "shop.yaml"));
    const first = await look("targets.d/*");
    assert.deepEqual(found(first), [["targets.d/shop.yaml", "one"]]);
    await put("..2026_11_23_08_05_00.2", "two");
    const second = await look("targets.d/*");
    assert.deepEqual(found(second), [["targets.d/shop.yaml", "two"]]);
    assert.ok(!sameLook(first, second));
    assert.ok(sameLook(second, await look("targets.d/*")));
  });

  test("that cannot be read are said, each by itself", async () => {
    await symlink("nowhere", join(dir, "targets.d/link.yaml"));
    await write("targets.d/large.yaml", "#".repeat(1024 ** 2 + 1));
    await write("targets.d/latin1.yaml", "");
    await writeFile(join(dir, "targets.d/latin1.yaml"), Buffer.from([0xe9]));
    const seen = await look("targets.d/*.yaml", "missing/*.yaml", "missing.yaml");
    const errors = [...seen.values()].map((content) =>
      content instanceof QueuewatchError ? content.message.replaceAll(`${dir}/`, "") : content,
    );
    assert.deepEqual(errors, [
      "targets.d/large.yaml is larger than 1 MiB: no config file",
      "targets.d/latin1.yaml: is not UTF-8 text",
      "targets.d/link.yaml: ENOENT: no such file or directory",
      "missing: ENOENT: no such file or directory",
      "missing.yaml: ENOENT: no such file or directory",
    ]);
  });

  test("of a folder that is gone are as they were", async () => {
    await write("targets.d/a.yaml", "a");
    await write("targets.d/b.txt", "b");
    const patterns = filePatterns(["targets.d/*.yaml", "targets.d/b.txt"], join(dir, "queuewatch.yaml"));
    const before = await lookAtFiles(patterns);
    await rename(join(dir, "targets.d"), join(dir, "away"));
    const after = await lookAtFiles(patterns, before);
    assert.equal(after.get(join(dir, "targets.d/a.yaml")), "a");
    assert.ok(after.get(join(dir, "targets.d/b.txt")) instanceof QueuewatchError, "a file that is named is missed");
    assert.ok(after.get(join(dir, "targets.d/*.yaml")) instanceof QueuewatchError);
  });
});

describe("a config with target files", () => {
  beforeEach(() => write("queuewatch.yaml", `target_files: ["targets.d/*.yaml"]\ntargets: [${target("own")}]`));

  test("has the targets of all of them: lists, one alone, none", async () => {
    await write("targets.d/a.yaml", `- ${target("a1", ", interval: 1m")}\n- ${target("a2")}`);
    await write("targets.d/b.yaml", `name: b\nredis: { url: "redis://b", password: "\${PASSWORD}" }`);
    await write("targets.d/c.yaml", `[]`);
    const { targets } = await load({ PASSWORD: "canary" });
    assert.deepEqual(names(targets), ["own", "a1", "a2", "b"]);
    assert.equal(targets[1]?.interval, 60);
    assert.equal(targets[3]?.redis.password?.reveal(), "canary");
  });

  test("may have no target yet, where there may be some later; the environment's is not one of them", async () => {
    await write("queuewatch.yaml", `target_files: ["targets.d/*.yaml"]`);
    assert.deepEqual((await load({ REDIS_URL: "redis://x" })).targets, []);
    await write("queuewatch.yaml", `target_files: []`);
    assert.deepEqual(await refusal("CONFIG_INVALID"), [
      "queuewatch.yaml:1:1: targets: expected at least one target, here or in `target_files`",
    ]);
  });

  test("is seen whole by the generator, without references", async () => {
    await write("targets.d/a.yaml", `name: a\ninterval: 1m\nredis: "\${NEVER_SET}"\nqueues: { mail: { team: post } }`);
    const { targets } = await loadGeneratorConfig({ file: join(dir, "queuewatch.yaml"), env: {} });
    assert.deepEqual(names(targets), ["own", "a"]);
    assert.equal(targets[1]?.queues["mail"]?.team, "post");
  });

  test("is read without them by those who need no target", async () => {
    await write("targets.d/a.yaml", "][");
    const { config } = await loadOwnConfig({ file: join(dir, "queuewatch.yaml"), env: {} });
    assert.deepEqual(names(config.targets), ["own"]);
  });

  test("tells all that is wrong in them, with file, line and column", async () => {
    await write("targets.d/a.yaml", `- name: a\n  redis: "redis://a"\n  intervl: 1m\n- { name: b }`);
    await write("targets.d/b.yaml", `name: "b!"\nredis: { url: 5 }`);
    await write("targets.d/c.yaml", `- name: c\n  redis: "\${C_URL}"`);
    await write("targets.d/d.yaml", `just text`);
    await write("targets.d/e.yaml", ``);
    await write("targets.d/f.yaml", `- ${target("f")}\n- ${target("f")}`);
    assert.deepEqual(await refusal("CONFIG_INVALID"), [
      "targets.d/a.yaml:3:3: [0]: unknown setting `intervl` (did you mean `interval`?)",
      "targets.d/a.yaml:4:3: [1].redis: is missing",
      "targets.d/b.yaml:1:7: name: expected 1 to 100 letters, digits, `_`, `.` and `-`",
      "targets.d/b.yaml:2:15: redis.url: expected a text",
      "targets.d/c.yaml:2:10: the environment variable C_URL is not set",
      "targets.d/d.yaml:1:1: expected a list of targets, or one target (`[]` for none)",
      "targets.d/e.yaml:1:1: expected a list of targets, or one target (`[]` for none)",
      "targets.d/f.yaml:2:11: [1].name: is taken by entry 1 already",
    ]);
    await rm(join(dir, "targets.d/a.yaml"));
    await rm(join(dir, "targets.d/b.yaml"));
    assert.equal((await refusal("CONFIG_REFERENCE")).length, 4, "the first one's code");
  });

  test("tells both places of a name that two of them have", async () => {
    await write("targets.d/a.yaml", `- ${target("a")}\n- ${target("b")}`);
    await write("targets.d/b.yaml", `name: b\nredis: "redis://b"`);
    assert.deepEqual(await refusal("CONFIG_INVALID"), [
      "targets.d/b.yaml:1:7: the name `b` is taken at targets.d/a.yaml:2:11 already",
    ]);
    await write("targets.d/b.yaml", `\nname: own\nredis: "redis://b"`);
    assert.deepEqual(await refusal("CONFIG_INVALID"), [
      "targets.d/b.yaml:2:7: the name `own` is taken at queuewatch.yaml:2:19 already",
    ]);
  });

  test("does not start without a file that it names, or a folder", async () => {
    await write("queuewatch.yaml", `target_files: [one.yaml, "none.d/*"]`);
    assert.deepEqual(await refusal("CONFIG_UNREADABLE"), [
      "one.yaml: ENOENT: no such file or directory",
      "none.d: ENOENT: no such file or directory",
    ]);
  });

  test("a pattern in the folder's part is refused, since it would not be looked through", async () => {
    await write("queuewatch.yaml", `target_files: ["*/a.yaml", "a/"]`);
    assert.deepEqual(await refusal("CONFIG_INVALID"), [
      "queuewatch.yaml:1:16: target_files[0]: expected the path of a file, `*` and `?` in its last part only",
      "queuewatch.yaml:1:28: target_files[1]: expected the path of a file, `*` and `?` in its last part only",
    ]);
  });
});

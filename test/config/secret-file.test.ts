import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { secretSource } from "../../src/config/secret-file.ts";
import { Secret } from "../../src/config/secret.ts";

describe("a secret", () => {
  let dir: string;
  before(async () => (dir = await mkdtemp(join(tmpdir(), "queuewatch-secret-"))));
  after(() => rm(dir, { recursive: true }));
  const read = async (path: string) => (await secretSource(undefined, path)?.current())?.reveal();

  test("that is given plainly is that", async () => {
    assert.equal((await secretSource(new Secret("x"), undefined)?.current())?.reveal(), "x");
    assert.equal(secretSource(undefined, undefined), undefined);
  });

  test("in a file is its text without the last line break", async () => {
    await writeFile(join(dir, "a"), " pass\nword \r\n");
    assert.equal(await read(join(dir, "a")), " pass\nword ");
  });

  test("is read again after it was written to, replaced, or its link was turned", async () => {
    const path = join(dir, "rotated");
    const source = secretSource(undefined, path);
    const now = async () => (await source?.current())?.reveal();
    await writeFile(path, "one");
    assert.equal(await now(), "one");
    await writeFile(path, "second");
    assert.equal(await now(), "second");
    await writeFile(join(dir, "new"), "third!");
    await rename(join(dir, "new"), path);
    assert.equal(await now(), "third!");
    await writeFile(join(dir, "target"), "fourth");
    await symlink(join(dir, "target"), join(dir, "link"));
    await rename(join(dir, "link"), path);
    assert.equal(await now(), "fourth");
  });

  test("that is not there, empty, a directory or huge is SECRET_UNREADABLE, and says which file", async () => {
    await writeFile(join(dir, "empty"), "\n");
    await writeFile(join(dir, "huge"), Buffer.alloc(65_537, "x"));
    for (const path of [join(dir, "missing"), join(dir, "empty"), join(dir, "huge"), dir])
      await assert.rejects(read(path), (error: Error) => {
        assert.ok(error.message.startsWith(path), error.message);
        return Reflect.get(error, "code") === "SECRET_UNREADABLE";
      });
  });
});

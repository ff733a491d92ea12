import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { acceptedManifests } from "./support/manifests.ts";

const folder = join(import.meta.dirname, "../../deploy/kubernetes");

for (const file of globSync("*.yaml", { cwd: folder }))
  test(`deploy/kubernetes/${file}: Kubernetes takes every manifest`, async () => {
    const accepted = await acceptedManifests(readFileSync(join(folder, file), "utf8"));
    assert.ok(accepted.length > 0 && accepted.every((line) => line.startsWith("ok: ")));
  });

test("a misspelt field is refused", async () => {
  const manifest = readFileSync(join(folder, "deployment.yaml"), "utf8").replace("livenessProbe", "livenesProbe");
  await assert.rejects(acceptedManifests(manifest), /unknown field.*livenesProbe/);
});

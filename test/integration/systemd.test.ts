import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const unit = join(root, "deploy/systemd/queuewatch.service");
const lines = readFileSync(unit, "utf8").split("\n");
const analyzer = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
/** Judging a file without a running systemd came with 250. */
const skip =
  Number(/systemd (\d+)/.exec(analyzer.stdout)?.[1] ?? 0) >= 250 ? false : "needs systemd-analyze 250 or newer";

describe("deploy/systemd/queuewatch.service", () => {
  test("systemd finds nothing to say about it", { skip }, () => {
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });

  test("systemd judges its exposure at 1.2 of 10 or less", { skip }, () => {
    const args = ["security", "--offline=true", "--threshold=12", "--no-pager", unit];
    const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    assert.equal(status, 0, stdout.slice(-200) + stderr);
  });

  for (const line of [
    "DynamicUser=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallFilter=@system-service",
    "UMask=0077",
  ])
    test(line, () => assert.ok(lines.includes(line)));

  test("the agent starts with its Node flags", () => {
    const flags = lines.map((line) => /^Environment="NODE_OPTIONS=(.+)"$/.exec(line)?.[1]).find((found) => found);
    assert.ok(flags);
    const out = execFileSync(process.execPath, [join(root, "dist/queuewatch.js"), "--version"], {
      encoding: "utf8",
      env: { NODE_OPTIONS: flags },
    });
    assert.match(out, /^queuewatch \d/);
  });
});

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = join(import.meta.dirname, "frozen-clock.c");

/** Why a program's clock cannot be stopped on this machine; undefined where it can. */
export function noFrozenClock(): string | undefined {
  if (process.platform !== "linux") return "LD_PRELOAD is Linux's";
  return spawnSync("gcc", ["--version"]).status === 0 ? undefined : "gcc is not installed";
}

/** The environment in which a program sees its wall clock stand at `atMs`; compiled once, kept among the temporary files. */
export function frozenClock(atMs: number): Record<string, string> {
  return { LD_PRELOAD: library(), FROZEN_CLOCK_US: String(Math.round(atMs * 1_000)) };
}

function library(): string {
  const hash = createHash("sha256").update(readFileSync(source)).update(process.arch).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `queuewatch-frozen-clock-${process.getuid?.() ?? 0}`);
  const path = join(folder, `${hash}.so`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = `${path}.${process.pid}`;
  const { status, stderr } = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, source]);
  if (status !== 0) throw new Error(`gcc: ${stderr.toString()}`);
  renameSync(made, path);
  return path;
}

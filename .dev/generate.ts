// Writes every generated file; what a generator's own folder holds besides is removed.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generators } from "./generators.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): Promise<string> => Promise.resolve(readFileSync(join(root, path), "utf8"));

for (const generator of generators) {
  const { title, folder } = generator;
  const made = await generator.files(read);
  if (folder !== undefined) removeOthers(folder, new Set(made.map(({ path }) => path)));
  const changed = made.filter(({ path, text }) => textOf(path) !== text);
  for (const { path, text } of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  process.stdout.write(`${title}: ${made.length} files, ${changed.length} changed\n`);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}

function removeOthers(folder: string, kept: ReadonlySet<string>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(root.length + 1);
    if (entry.isFile() && !kept.has(path)) rmSync(join(root, path));
  }
}

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { QueuewatchError } from "../errors.ts";
import { readConfigText, unreadable } from "./file.ts";
import { compileGlob, type Glob } from "./glob.ts";

/** One entry of `target_files`: names in a folder. */
export interface FilePattern {
  /** The folder's path and the pattern, as messages show them. */
  readonly path: string;
  readonly folder: string;
  readonly name: Glob;
  /** The config itself is none of its own target files. */
  readonly config: string;
}

/** What a file holds: its text, or why it cannot be read. */
export type Content = string | QueuewatchError;

/** What the files hold at one moment, by path; a folder that cannot be read stands under its pattern. */
export type Look = ReadonlyMap<string, Content>;

/** Relative paths start at the folder of the config file. */
export function filePatterns(patterns: readonly string[], config: string): FilePattern[] {
  return patterns.map((pattern) => {
    const path = isAbsolute(pattern) ? pattern : join(dirname(config), pattern);
    return { path, folder: dirname(path), name: compileGlob(basename(path)), config: resolve(config) };
  });
}

/**
 * Reads all files of the patterns, in their order and by name. Of a folder that cannot be read nothing is known: its files
 * are as they were `before`.
 */
export async function lookAtFiles(patterns: readonly FilePattern[], before: Look = new Map()): Promise<Look> {
  const found = new Map<string, Content>();
  for (const pattern of patterns) {
    const files = await filesOf(pattern);
    if (files instanceof QueuewatchError) {
      found.set(pattern.path, files);
      for (const [file, content] of before) if (isOf(pattern, file)) found.set(file, content);
    } else
      for (const file of files) {
        const content = found.has(file) ? undefined : await contentOf(file);
        if (content !== undefined) found.set(file, content);
      }
  }
  return found;
}

/** Whether two looks saw the same. */
export function sameLook(one: Look, other: Look): boolean {
  return one.size === other.size && [...one].every(([file, content]) => textOf(content) === textOf(other.get(file)));
}

function textOf(content: Content | undefined): string | undefined {
  return content instanceof QueuewatchError ? `\0${content.message}` : content;
}

async function filesOf({ folder, name, config }: FilePattern): Promise<string[] | QueuewatchError> {
  if (name.literal !== undefined) return [join(folder, name.literal)];
  try {
    const names = (await readdir(folder)).filter((entry) => isNamed(name, entry)).toSorted();
    return names.map((entry) => join(folder, entry)).filter((file) => resolve(file) !== config);
  } catch (error) {
    return unreadable(folder, error);
  }
}

function isOf({ folder, name }: FilePattern, file: string): boolean {
  return dirname(file) === folder && isNamed(name, basename(file));
}

/** Hidden names must be asked for, as in a shell: Kubernetes keeps the older and newer content of a volume under such. */
function isNamed(name: Glob, entry: string): boolean {
  return name.matches(entry) && (!entry.startsWith(".") || name.source.startsWith("."));
}

/** Undefined for folders and other things that are no files. A link to nothing is a file that cannot be read. */
export async function contentOf(file: string): Promise<Content | undefined> {
  try {
    return (await stat(file)).isFile() ? await readConfigText(file) : undefined;
  } catch (error) {
    return error instanceof QueuewatchError ? error : unreadable(file, error);
  }
}

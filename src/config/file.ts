import { open, type FileHandle } from "node:fs/promises";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";

const maxBytes = 1024 ** 2;
const chunkBytes = 16 * 1024;

/**
 * The text of a file of the config; a pipe is fine, a disk image is not: at most a MiB is read, whatever stands there.
 * Rejects with CONFIG_UNREADABLE, or CONFIG_SYNTAX for what is no UTF-8.
 */
export async function readConfigText(file: string): Promise<string> {
  try {
    return decode(await readBytes(file), file);
  } catch (error) {
    throw error instanceof QueuewatchError ? error : unreadable(file, error);
  }
}

/** What cannot be read, and why, as an error for people. */
export function unreadable(path: string, error: unknown): QueuewatchError {
  return new QueuewatchError("CONFIG_UNREADABLE", `${path}: ${systemReason(error)}`, { cause: error });
}

async function readBytes(file: string): Promise<Uint8Array> {
  await using handle = await open(file, "r");
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let chunk = await readChunk(handle); chunk.length > 0; chunk = await readChunk(handle)) {
    size += chunk.length;
    if (size > maxBytes) throw new QueuewatchError("CONFIG_UNREADABLE", `${file} is larger than 1 MiB: no config file`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What comes next, empty at the end. */
async function readChunk(handle: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.allocUnsafe(chunkBytes) });
  return buffer.subarray(0, bytesRead);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new QueuewatchError("CONFIG_SYNTAX", `${file}: is not UTF-8 text`);
  }
}

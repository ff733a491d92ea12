import { open } from "node:fs/promises";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";

const maxBytes = 1024 ** 2;

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
  const chunks: Uint8Array[] = [];
  const handle = await open(file, "r");
  let size = 0;
  for await (const chunk of handle.createReadStream({ highWaterMark: 65_536 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > maxBytes) throw new QueuewatchError("CONFIG_UNREADABLE", `${file} is larger than 1 MiB: no config file`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new QueuewatchError("CONFIG_SYNTAX", `${file}: is not UTF-8 text`);
  }
}

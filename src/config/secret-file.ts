import { open } from "node:fs/promises";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";
import { Secret } from "./secret.ts";

/** Gives a secret as it is now. */
export interface SecretSource {
  /** Rejects with SECRET_UNREADABLE when the file that holds it cannot be read, is empty or too large. */
  current(): Promise<Secret>;
}

const maxBytes = 64 * 1024;

/** The secret of a setting and its `_file` twin: the plain one, or what the file holds; undefined when neither is given. */
export function secretSource(plain: Secret | undefined, file: string | undefined): SecretSource | undefined {
  if (plain !== undefined) return { current: () => Promise.resolve(plain) };
  return file === undefined ? undefined : new FileSecret(file);
}

/** Reads the file again when another one stands in its place, or it was written to. */
class FileSecret implements SecretSource {
  readonly #file: string;
  #version = "";
  #secret: Secret | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async current(): Promise<Secret> {
    try {
      return await this.#read();
    } catch (error) {
      if (error instanceof QueuewatchError) throw error;
      throw new QueuewatchError("SECRET_UNREADABLE", `${this.#file}: ${systemReason(error)}`);
    }
  }

  async #read(): Promise<Secret> {
    await using handle = await open(this.#file, "r");
    const { ino, mtimeNs, size } = await handle.stat({ bigint: true });
    const version = [ino, mtimeNs, size].join(":");
    if (this.#secret && version === this.#version) return this.#secret;
    if (size > maxBytes) throw this.#unreadable(`is larger than ${maxBytes} bytes`);
    const text = (await handle.readFile("utf8")).replace(/\r?\n$/, "");
    if (text === "") throw this.#unreadable("is empty");
    this.#secret = new Secret(text);
    this.#version = version;
    return this.#secret;
  }

  #unreadable(why: string): QueuewatchError {
    return new QueuewatchError("SECRET_UNREADABLE", `${this.#file} ${why}`);
  }
}

import { readFile, stat } from "node:fs/promises";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";

/** Settings of a TLS client, as in the config. */
export interface TlsSettings {
  readonly ca_file?: string | undefined;
  readonly certificate_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly server_name?: string | undefined;
  readonly insecure_skip_verify?: boolean;
}

/** What `node:tls` takes. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: "TLSv1.2";
}

/** Reads certificates and keys, and reads them again when a file has changed. */
export class TlsFiles {
  readonly #settings: TlsSettings;
  #versions = "";
  #material: TlsMaterial | undefined;

  constructor(settings: TlsSettings = {}) {
    this.#settings = settings;
  }

  /** The same object as long as nothing changes. Rejects with SECRET_UNREADABLE. */
  async current(): Promise<TlsMaterial> {
    const { ca_file, certificate_file, key_file } = this.#settings;
    const versions = (await Promise.all([ca_file, certificate_file, key_file].map(versionOf))).join();
    if (!this.#material || versions !== this.#versions) {
      this.#material = await this.#read();
      this.#versions = versions;
    }
    return this.#material;
  }

  async #read(): Promise<TlsMaterial> {
    const { ca_file, certificate_file, key_file, server_name, insecure_skip_verify = false } = this.#settings;
    const [ca, cert, key] = await Promise.all([ca_file, certificate_file, key_file].map(read));
    return {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(server_name === undefined ? {} : { servername: server_name }),
      rejectUnauthorized: !insecure_skip_verify,
      minVersion: "TLSv1.2",
    };
  }
}

async function versionOf(file: string | undefined): Promise<string> {
  if (file === undefined) return "";
  const { ino, mtimeMs, size } = await stat(file).catch((error: unknown) => unreadable(file, error));
  return `${ino}:${mtimeMs}:${size}`;
}

async function read(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file).catch((error: unknown) => unreadable(file, error));
}

function unreadable(file: string, error: unknown): never {
  throw new QueuewatchError("SECRET_UNREADABLE", `${file}: ${systemReason(error)}`);
}

import type { OtlpConfig } from "../config/schema.ts";
import { secretSource } from "../config/secret-file.ts";
import { QueuewatchError } from "../errors.ts";
import type { Vendor } from "./vendors.ts";

/**
 * The headers of a destination that may hold secrets, names in lower case: those of the preset's key, of `headers_file`
 * and of `headers`, the later winning. Files are read again when they change.
 */
export function secretHeaders(config: OtlpConfig, vendor: Vendor): () => Promise<Record<string, string>> {
  const key = secretSource(config.key, config.key_file);
  const file = secretSource(undefined, config.headers_file);
  const plain = Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()] as const);
  return async () => {
    const credentials = key && vendor.credentials?.((await key.current()).reveal(), config.instance ?? "");
    const fromFile = file ? parseHeaders((await file.current()).reveal(), config.headers_file ?? "") : {};
    return { ...credentials, ...fromFile, ...Object.fromEntries(plain) };
  };
}

/** `name: value` lines; empty ones and those that begin with `#` are left out. No line is quoted in an error. */
function parseHeaders(text: string, file: string): Record<string, string> {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const pairs = lines
    .filter(({ line }) => line !== "" && !line.startsWith("#"))
    .map(({ line, number }) => {
      const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):\s*([\t\x20-\x7e\x80-\xff]+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw new QueuewatchError("SECRET_UNREADABLE", `${file}:${number}: expected \`name: value\``);
      return [name.toLowerCase(), value] as const;
    });
  return Object.fromEntries(pairs);
}

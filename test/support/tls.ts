import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, as text and as files. */
export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority, a server for localhost and 127.0.0.1 that it signed, and a client. */
export interface TestPki {
  readonly ca: Pair;
  readonly server: Pair;
  readonly client: Pair;
  remove(): void;
}

/** Makes keys that are good for a day, in a folder of their own, with openssl. */
export function testPki(): TestPki {
  const dir = mkdtempSync(join(tmpdir(), "queuewatch-tls-"));
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "1"];
  const make = (name: string, args: readonly string[]): Pair => {
    const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
    const subject = ["-subj", `/CN=queuewatch test ${name}`, "-keyout", keyFile, "-out", certFile];
    execFileSync("openssl", ["req", "-x509", ...curve, ...subject, ...args], { stdio: "ignore" });
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  };
  const ca = make("ca", []);
  const signed = ["-CA", ca.certFile, "-CAkey", ca.keyFile];
  const server = make("server", [...signed, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
  return { ca, server, client: make("client", signed), remove: () => rmSync(dir, { recursive: true }) };
}

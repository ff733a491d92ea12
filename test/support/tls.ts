import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

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

/** Certificates for servers that no client should trust, each with its own fault. */
export type UntrustedServers = Readonly<Record<"expired" | "selfSigned" | "otherHost", Pair>>;

/** Signed by the authority but over since 2020; signed by itself; signed by the authority for another host. */
export function untrustedServers({ ca, server }: TestPki): UntrustedServers {
  const dir = dirname(ca.certFile);
  const run = (args: readonly string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  const pair = (name: string): Pair => {
    const [certFile, keyFile] = [join(dir, `${name}.crt`), server.keyFile];
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: server.key };
  };
  const request = ["req", "-new", "-key", server.keyFile, "-subj", "/CN=queuewatch test"];
  const own = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  const signed = ["-CA", ca.certFile, "-CAkey", ca.keyFile];
  run([...request, "-x509", "-days", "1", "-addext", own, "-out", "selfSigned.crt"]);
  run([...request, "-x509", "-days", "1", ...signed, "-addext", "subjectAltName=DNS:other.test", "-out", "other.crt"]);
  run([...request, "-out", "expired.csr"]);
  writeFileSync(
    join(dir, "ca.conf"),
    `[ca]\ndefault_ca=it\n[it]\ndatabase=index\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nnew_certs_dir=.\n` +
      `x509_extensions=own\n[any]\ncommonName=supplied\n[own]\n${own}\n`,
  );
  writeFileSync(join(dir, "index"), "");
  const over = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"];
  const authority = ["-config", "ca.conf", "-cert", ca.certFile, "-keyfile", ca.keyFile];
  run(["ca", "-batch", "-notext", ...authority, "-in", "expired.csr", ...over, "-out", "expired.crt"]);
  return { expired: pair("expired"), selfSigned: pair("selfSigned"), otherHost: pair("other") };
}

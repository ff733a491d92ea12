import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ServerConfig } from "../../src/config/schema.ts";
import { Secret } from "../../src/config/secret.ts";
import { type ServerSources, startServer } from "../../src/server/server.ts";
import { collection, keptLog, sizes } from "../support/collections.ts";
import { testPki } from "../support/tls.ts";

const listen = "127.0.0.1:0";
const sources: ServerSources = {
  collections: () => [collection(0, sizes([3]))],
  ready: () => [],
  live: () => true,
};

async function serving(
  config: Partial<ServerConfig>,
  use: (url: string, lines: readonly string[]) => Promise<void>,
  changed: Partial<ServerSources> = {},
): Promise<void> {
  const { lines, log } = keptLog();
  const server = await startServer({ listen, ...config }, { ...sources, ...changed }, log);
  try {
    await use(`http://${server.address}`, lines);
  } finally {
    await server.close();
  }
}

test("/metrics in the format and encoding that is asked for", () =>
  serving({}, async (url) => {
    const plain = await fetch(`${url}/metrics?x=1`, { headers: { "accept-encoding": "identity" } });
    assert.equal(plain.status, 200);
    assert.equal(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.match(await plain.text(), /^jobqueue_queue_size\{.*\} 3$/m);
    const open = await fetch(`${url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
    assert.equal(open.headers.get("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.equal(open.headers.get("content-encoding"), "gzip");
    assert.ok((await open.text()).endsWith("# EOF\n"));
    const head = await fetch(`${url}/metrics`, { method: "HEAD", headers: { "accept-encoding": "identity" } });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), plain.headers.get("content-length"));
    assert.equal(await head.text(), "");
  }));

test("only GET and HEAD, and only what there is", () =>
  serving({}, async (url) => {
    const post = await fetch(`${url}/metrics`, { method: "POST", body: "x".repeat(100_000) });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get("allow"), "GET, HEAD");
    for (const path of ["/", "/metrics/", "/%2e%2e/etc/passwd", "/METRICS"])
      assert.equal((await fetch(`${url}${path}`)).status, 404, path);
  }));

test("/livez and /readyz say why not", async () => {
  await serving({}, async (url) => {
    for (const path of ["/livez", "/readyz"]) {
      const response = await fetch(`${url}${path}`);
      assert.deepEqual([response.status, await response.text()], [200, "ok\n"]);
    }
  });
  const reasons = ["target shop: not read yet", "target blog: REDIS_AUTH"];
  await serving(
    {},
    async (url) => {
      assert.equal((await fetch(`${url}/livez`)).status, 503);
      const ready = await fetch(`${url}/readyz`);
      assert.deepEqual([ready.status, await ready.text()], [503, `${reasons.join("\n")}\n`]);
    },
    { ready: () => reasons, live: () => false },
  );
});

test("a bearer token guards /metrics, and is read again when its file changes", async () => {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-server-"));
  const file = join(dir, "token");
  writeFileSync(file, "canary-first\n");
  await serving({ bearer_token_file: file }, async (url, lines) => {
    const status = async (authorization?: string): Promise<number> =>
      (await fetch(`${url}/metrics`, { headers: authorization === undefined ? {} : { authorization } })).status;
    assert.equal(await status(), 401);
    assert.equal(await status("Bearer wrong"), 401);
    assert.equal(await status("Basic canary-first"), 401);
    assert.equal(await status("Bearer canary-first"), 200);
    assert.equal((await fetch(`${url}/metrics`)).headers.get("www-authenticate"), 'Bearer realm="queuewatch"');
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    writeFileSync(file, "canary-second-token\n");
    assert.equal(await status("Bearer canary-first"), 401);
    assert.equal(await status("Bearer canary-second-token"), 200);
    await rm(file);
    const response = await fetch(`${url}/metrics`, { headers: { authorization: "Bearer canary-second-token" } });
    assert.deepEqual([response.status, await response.text()], [500, "internal error\n"]);
    assert.match(lines.join(""), /code=SECRET_UNREADABLE/);
    assert.ok(!lines.join("").includes("canary"));
  });
  await rm(dir, { recursive: true });
});

test("basic auth guards /metrics", () =>
  serving({ basic_auth: { username: "prom", password: new Secret("pä:ss") } }, async (url) => {
    const status = async (credentials: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
      return (await fetch(`${url}/metrics`, { headers: { authorization } })).status;
    };
    assert.equal(await status("prom:pä:ss"), 200);
    for (const wrong of ["prom:", "prom:x", "other:pä:ss", "", ":"]) assert.equal(await status(wrong), 401, wrong);
  }));

test("TLS", async () => {
  const pki = testPki();
  const { log } = keptLog();
  const tls = { certificate_file: pki.server.certFile, key_file: pki.server.keyFile };
  const server = await startServer({ listen, tls }, sources, log);
  const status = await new Promise((resolve, reject) => {
    const request = httpsRequest(`https://${server.address}/livez`, { ca: pki.ca.cert, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("error", reject).end();
  });
  assert.equal(status, 200);
  await server.close();
  const missing = startServer({ listen, tls: { ...tls, key_file: "/nowhere/key" } }, sources, log);
  await assert.rejects(missing, { code: "SECRET_UNREADABLE", message: /^\/nowhere\/key: ENOENT/ });
  pki.remove();
});

test("an address that is taken is LISTEN_FAILED", () =>
  serving({}, async (url) => {
    const taken = new URL(url).host;
    const second = startServer({ listen: taken }, sources, keptLog().log);
    await assert.rejects(second, { code: "LISTEN_FAILED", message: new RegExp(`^${taken}: .*EADDRINUSE`) });
  }));

test("big headers and connections that send nothing are cut off", () =>
  serving({}, async (url) => {
    const { port } = new URL(url);
    const answer = (send: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(send));
        let text = "";
        socket.on("data", (chunk) => (text += chunk.toString()));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(text));
      });
    assert.match(await answer(`GET /livez HTTP/1.1\r\nx: ${"a".repeat(9_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
    assert.match(await answer("GET /livez HTTP/1.1\r\nhost: x\r\n"), /^(HTTP\/1\.1 408 |$)/);
  }));

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { testPki, type Pair } from "../support/tls.ts";
import { run } from "../support/command-line.ts";

describe("health", () => {
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  let ready = true;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    const well = request.url === "/livez" || ready;
    response.writeHead(well ? 200 : 503).end(well ? "ok\nmore" : "target shop: REDIS_UNREACHABLE\u001b\n");
  });
  let dir: string;
  let port: number;

  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
    dir = await mkdtemp(join(tmpdir(), "queuewatch-health-"));
  });
  after(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });

  async function withConfig(prometheus: string, ...args: string[]) {
    const file = join(dir, "queuewatch.yaml");
    await writeFile(file, `targets: [{ name: a, redis: "redis://x" }]\nexport: { prometheus: ${prometheus} }`);
    asked.length = 0;
    return run(["health", "--config", file, ...args]);
  }

  test("is 0 when the agent is ready", async () => {
    assert.deepEqual(await run(["health", "--url", `http://127.0.0.1:${port}`]), { code: 0, out: "ok\n", err: "" });
  });

  test("is UNHEALTHY, 1, when it is not, and says why; with --live only whether it runs", async () => {
    ready = false;
    const { code, err } = await run(["health", "--url", `http://127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(err, /^queuewatch: UNHEALTHY: \/readyz answered 503: target shop: REDIS_UNREACHABLE\ufffd\n/);
    assert.equal((await run(["health", "--live", "--url", `http://127.0.0.1:${port}`])).code, 0);
    ready = true;
  });

  test("without any config asks where an agent listens by default", async () => {
    const { err } = await run(["health", "--live"]);
    assert.doesNotMatch(err, /CONFIG_/);
    assert.ok(err === "" || err.includes("127.0.0.1:9464"), err);
  });

  test("is UNHEALTHY when nobody answers", async () => {
    const { code, err } = await run(["health", "--url", "http://127.0.0.1:1"]);
    assert.equal(code, 1);
    assert.match(err, /UNHEALTHY: no answer from 127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  test("finds the agent by its config, whatever it listens on, with what it asks for", async () => {
    assert.equal((await withConfig(`{ listen: "0.0.0.0:${port}", bearer_token: t }`)).code, 0);
    assert.deepEqual(asked, [{ url: "/readyz", authorization: "Bearer t" }]);
    await writeFile(join(dir, "password"), "p\n");
    const basic = `{ listen: "127.0.0.1:${port}", basic_auth: { username: u, password_file: ${join(dir, "password")} } }`;
    assert.equal((await withConfig(basic, "--live")).code, 0);
    assert.deepEqual(asked, [{ url: "/livez", authorization: `Basic ${btoa("u:p")}` }]);
  });

  test("trusts the agent's own certificate, and no other", async (t) => {
    const [pki, other] = [testPki(), testPki()];
    const secure = createSecureServer(pki.server, (_, response) => response.end("ok"));
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    const listen = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    const tls = ({ certFile, keyFile }: Pair) => `tls: { certificate_file: ${certFile}, key_file: ${keyFile} }`;
    t.after(() => {
      secure.close();
      secure.closeAllConnections();
      for (const made of [pki, other]) made.remove();
    });
    assert.deepEqual(await withConfig(`{ listen: "${listen}", ${tls(pki.server)} }`), {
      code: 0,
      out: "ok\n",
      err: "",
    });
    assert.match((await withConfig(`{ listen: "${listen}", ${tls(other.server)} }`)).err, /UNHEALTHY: no answer/);
    assert.match(
      (await withConfig(`{ listen: "${listen}", tls: { certificate_file: /none, key_file: /none } }`)).err,
      /cannot be read/,
    );
  });

  test("says so when the agent serves nothing", async () => {
    assert.match((await withConfig("false")).err, /UNHEALTHY: the agent serves no HTTP/);
  });
});

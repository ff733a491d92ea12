import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { type Answer as Answered, judge } from "../../src/export/answer.ts";
import { TlsFiles } from "../../src/export/tls-files.ts";
import { HttpTransport, type TransportOptions } from "../../src/export/transport.ts";
import { type Answer, type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort } from "../support/redis-server.ts";
import { testPki } from "../support/tls.ts";

const canary = "canary-key-4711";
const never = new AbortController().signal;

function transportTo(url: string, options: Partial<TransportOptions> = {}): HttpTransport {
  return new HttpTransport({
    url: new URL(`${url}/v1/metrics`),
    headers: { "content-type": "application/x-protobuf" },
    secretHeaders: () => Promise.resolve({ "api-key": canary }),
    tls: new TlsFiles(),
    timeoutMs: 5_000,
    env: {},
    ...options,
  });
}

/** What one empty request is answered with. */
async function answerOf(answer: Answer, options: Partial<TransportOptions> = {}): Promise<Answered> {
  const receiver = await startOtlpReceiver({ answer: () => answer });
  const transport = transportTo(receiver.url, options);
  const result = await transport.send(Buffer.alloc(0), never);
  transport.close();
  await receiver.close();
  return result;
}

const verdictOf = async (answer: Answer, options?: Partial<TransportOptions>) =>
  judge(await answerOf(answer, options), Date.parse("2026-01-01T00:00:00Z"));

test("answers, and what they mean", async () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const text = { "content-type": "text/plain" };
  const expected: [Answer, object][] = [
    [{}, { kind: "delivered", rejected: 0 }],
    [{ body: "" }, { kind: "delivered", rejected: 0 }],
    [{ body: "\u0007garbage" }, { kind: "delivered", rejected: 0 }],
    [{ status: 202 }, { kind: "delivered", rejected: 0 }],
    [
      { partialSuccess: { rejectedDataPoints: 3, errorMessage: "too old" } },
      { kind: "delivered", rejected: 3, reason: "too old" },
    ],
    [
      { body: "<html>", headers: html },
      { kind: "refused", code: "EXPORT_REFUSED" },
    ],
    [{ reset: "during" }, { kind: "delivered", rejected: 0 }],
    [
      { status: 301, headers: { location: `http://x/${canary}` } },
      { kind: "refused", reason: "HTTP 301: redirects are not followed" },
    ],
    [
      { status: 400, body: "out of order", headers: text },
      { kind: "refused", code: "EXPORT_REFUSED", reason: "HTTP 400: out of order" },
    ],
    [
      { status: 400, body: Buffer.from("\u0008\u0003\u0012\u0003bad", "latin1") },
      { kind: "refused", reason: "HTTP 400: bad" },
    ],
    [
      { status: 404, body: "" },
      { kind: "refused", reason: "HTTP 404" },
    ],
    [{ status: 500, body: "" }, { kind: "refused" }],
    [
      { status: 401, body: "" },
      { kind: "retry", code: "EXPORT_UNAUTHORIZED", afterMs: 60_000, ambiguous: false },
    ],
    [
      { status: 403, body: `no: ${canary}`, headers: text },
      { kind: "retry", reason: "HTTP 403: no: [redacted]" },
    ],
    [{ status: 413, body: "" }, { kind: "too large" }],
    [
      { status: 429, headers: { "retry-after": "7" } },
      { kind: "retry", code: "EXPORT_UNAVAILABLE", afterMs: 7_000 },
    ],
    [
      { status: 429, headers: { "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" } },
      { kind: "retry", afterMs: 30_000 },
    ],
    [
      { status: 429, headers: { "retry-after": "Thu, 01 Jan 2015 00:00:30 GMT" } },
      { kind: "retry", afterMs: 0 },
    ],
    [
      { status: 429, headers: { "retry-after": "99999999999999999999" } },
      { kind: "retry", afterMs: 300_000 },
    ],
    [
      { status: 429, headers: { "retry-after": "soon" } },
      { kind: "retry", afterMs: undefined },
    ],
    [
      { status: 503, headers: { "retry-after": "-1" } },
      { kind: "retry", afterMs: undefined, ambiguous: false },
    ],
    [{ status: 502 }, { kind: "retry", ambiguous: true }],
    [{ status: 504 }, { kind: "retry", ambiguous: true }],
    [{ reset: "before" }, { kind: "retry", code: "EXPORT_UNREACHABLE", ambiguous: true }],
  ];
  for (const [answer, part] of expected) {
    const verdict = await verdictOf(answer);
    const seen = Object.fromEntries(Object.entries(verdict).filter(([name]) => name in part));
    assert.deepEqual(seen, part, JSON.stringify(answer));
  }
});

test("a black hole is a time-out after which nobody knows", async () => {
  const verdict = await verdictOf({ hang: true }, { timeoutMs: 100 });
  assert.deepEqual(verdict, {
    kind: "retry",
    code: "EXPORT_TIMEOUT",
    reason: "no answer within 0.1 s",
    afterMs: undefined,
    ambiguous: true,
  });
});

test("a refused connection, and a name that does not exist, have certainly brought nothing", async () => {
  for (const url of [`http://127.0.0.1:${await freePort()}`, "http://no-such-host.invalid"]) {
    const transport = transportTo(url);
    const answer = await transport.send(Buffer.from("x"), never);
    assert.equal(answer.kind, "failed");
    assert.deepEqual([answer.code, answer.sent], ["EXPORT_UNREACHABLE", false]);
    assert.match(answer.reason, /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/);
  }
});

test("a connection that the receiver closed while it was idle is not an error", async () => {
  let sockets = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.end();
    requests++;
  });
  server.on("connection", (socket) => {
    sockets++;
    // The second request on a connection meets a reset, as after an idle time-out.
    socket.on("data", () => requests % 2 === 1 && sockets === 1 && socket.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const transport = transportTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal((await transport.send(Buffer.from("x"), never)).kind, "answered");
  assert.equal((await transport.send(Buffer.from("x"), never)).kind, "answered");
  assert.equal(sockets, 2);
  transport.close();
  server.close();
});

test("TLS: the server is verified, and a client certificate is shown", async () => {
  const pki = testPki();
  const { ca, client, server } = pki;
  const tls = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: true };
  const receiver = await startOtlpReceiver({ tls });
  const send = async (files: ConstructorParameters<typeof TlsFiles>[0], url = receiver.url): Promise<Answered> => {
    const transport = transportTo(url, { tls: new TlsFiles(files) });
    const answer = await transport.send(Buffer.alloc(0), never);
    transport.close();
    return answer;
  };
  const shown = { ca_file: ca.certFile, certificate_file: client.certFile, key_file: client.keyFile };
  assert.equal((await send(shown)).kind, "answered");
  assert.equal((await send({ ...shown, server_name: "localhost" })).kind, "answered");
  const failures = {
    unknown: await send({ certificate_file: client.certFile, key_file: client.keyFile }),
    wrongName: await send({ ...shown, server_name: "example.com" }),
    noClient: await send({ ca_file: ca.certFile }),
    noFile: await send({ ca_file: "/nowhere/ca.pem" }),
  };
  const codes = Object.values(failures).map((answer) => (answer.kind === "failed" ? answer.code : answer.kind));
  assert.deepEqual(codes, ["EXPORT_TLS", "EXPORT_TLS", "EXPORT_TLS", "SECRET_UNREADABLE"]);
  await receiver.close();
  pki.remove();
});

test("a certificate that was replaced is used for the next request", async () => {
  const pki = testPki();
  const other = testPki();
  const receiver = await startOtlpReceiver({ tls: { cert: pki.server.cert, key: pki.server.key } });
  const transport = transportTo(receiver.url, { tls: new TlsFiles({ ca_file: other.ca.certFile }) });
  assert.equal((await transport.send(Buffer.alloc(0), never)).kind, "failed");
  copyFileSync(pki.ca.certFile, other.ca.certFile);
  assert.equal((await transport.send(Buffer.alloc(0), never)).kind, "answered");
  transport.close();
  await receiver.close();
  pki.remove();
  other.remove();
});

test("HTTPS_PROXY is used, with CONNECT, and NO_PROXY is heeded", async () => {
  const pki = testPki();
  const receiver = await startOtlpReceiver({ tls: { cert: pki.server.cert, key: pki.server.key } });
  const asked: string[] = [];
  const proxy = createTcpServer((socket) => {
    socket.once("data", (head) => {
      asked.push(head.toString().split("\r\n")[0] ?? "");
      const upstream = connect(receiver.port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      for (const end of [socket, upstream]) end.on("error", () => undefined);
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const env = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  for (const [more, times] of [
    [{}, 1],
    [{ NO_PROXY: "127.0.0.1" }, 1],
  ] as const) {
    const tls = new TlsFiles({ ca_file: pki.ca.certFile });
    const transport = transportTo(receiver.url, { tls, env: { ...env, ...more } });
    assert.equal((await transport.send(Buffer.alloc(0), never)).kind, "answered");
    transport.close();
    assert.equal(asked.length, times);
  }
  assert.equal(asked[0], `CONNECT 127.0.0.1:${receiver.port} HTTP/1.1`);
  proxy.close();
  await receiver.close();
  pki.remove();
});

test("one connection serves many requests; secrets are asked for at each", async () => {
  const receiver: OtlpReceiver = await startOtlpReceiver();
  let turn = 0;
  const transport = transportTo(receiver.url, { secretHeaders: () => Promise.resolve({ "api-key": `key-${++turn}` }) });
  for (let index = 0; index < 3; index++) await transport.send(Buffer.alloc(0), never);
  assert.deepEqual(
    receiver.requests.map(({ headers }) => headers["api-key"]),
    ["key-1", "key-2", "key-3"],
  );
  transport.close();
  await receiver.close();
});

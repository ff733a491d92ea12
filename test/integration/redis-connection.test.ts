import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openRedis } from "../../src/redis/client.ts";
import { Log } from "../../src/self/log.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { testPki, type TestPki } from "../support/tls.ts";
import { getOnce, open, redisConfig, tryGet, type Failure } from "../redis/world.ts";

let dir: string;
let server: RedisServer;
let pki: TestPki;
let tlsPort: number;
const canary = "c4n4ry!p@ss/w%rd";

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "queuewatch-connect-"));
  pki = testPki();
  tlsPort = await freePort();
  const tls = ["--tls-cert-file", pki.server.certFile, "--tls-key-file", pki.server.keyFile];
  server = await startRedisServer([
    "--unixsocket",
    join(dir, "redis.sock"),
    "--tls-port",
    String(tlsPort),
    "--tls-ca-cert-file",
    pki.ca.certFile,
    ...tls,
  ]);
  await server.cli([], "SET where zero\nSELECT 3\nSET where three\n");
  const reads = ["on", "resetkeys", "%R~*", "-@all", "+get"];
  await server.cli(["ACL", "SETUSER", "reader", `>${canary}`, ...reads, "+select"]);
  await server.cli(["ACL", "SETUSER", "confined", `>${canary}`, ...reads]);
});
after(async () => {
  await server.stop();
  pki.remove();
  await rm(dir, { recursive: true });
});

const url = (user: string, place = `127.0.0.1:${server.port}`) =>
  `redis://${user}:${encodeURIComponent(canary)}@${place}`;
const isFailure = (answer: string | undefined | Failure): answer is Failure => typeof answer === "object";

describe("where", () => {
  const protocols = ["auto", "2", "3"] as const;
  for (const protocol of protocols) {
    test(`the database of the URL, RESP ${protocol}`, async () => {
      assert.equal(await getOnce({ url: server.url, protocol }, "where"), "zero");
      assert.equal(await getOnce({ url: `${server.url}/0`, protocol }, "where"), "zero");
      assert.equal(await getOnce({ url: `${server.url}/3`, protocol }, "where"), "three");
    });

    test(`the database named by \`db\`, as a user, RESP ${protocol}`, async () => {
      assert.equal(await getOnce({ url: url("reader"), db: 3, protocol }, "where"), "three");
      const apart = { url: server.url, username: "reader", password: canary, db: 3, protocol };
      assert.equal(await getOnce(apart, "where"), "three");
    });

    test(`a SELECT that is denied or fails gives an error, never an answer from database 0, RESP ${protocol}`, async () => {
      const denied = open({ url: `${url("confined")}/3`, protocol });
      const answers = await Promise.all([tryGet(denied, "where"), tryGet(denied, "where")]);
      answers.push(await tryGet(denied, "where"));
      denied.close();
      for (const answer of answers)
        assert.ok(isFailure(answer) && answer.code === "REDIS_DATABASE" && answer.message.startsWith("database 3: "));
      const beyond = await getOnce({ url: `${server.url}/16`, protocol }, "where");
      assert.deepEqual(beyond, { code: "REDIS_DATABASE", message: "database 16: ERR DB index is out of range" });
    });
  }

  test("a unix socket, its database and user", async () => {
    const socket = `unix://${dir}/redis.sock`;
    assert.equal(await getOnce(socket, "where"), "zero");
    assert.equal(await getOnce(`${socket}?db=3`, "where"), "three");
    assert.equal(await getOnce({ url: socket, username: "reader", password: canary, db: 3 }, "where"), "three");
    const absent = await getOnce(`unix://${dir}/absent.sock`, "where");
    assert.ok(isFailure(absent) && absent.code === "REDIS_UNREACHABLE" && /ENOENT/.test(absent.message));
  });

  test("localhost by whatever address it has", async () => {
    assert.equal(await getOnce(`redis://localhost:${server.port}`, "where"), "zero");
  });
});

describe("TLS", () => {
  const tls = () => ({ ca_file: pki.ca.certFile, certificate_file: pki.client.certFile, key_file: pki.client.keyFile });
  const target = (host = "127.0.0.1") => `rediss://${host}:${tlsPort}/3`;

  test("with the CA and a client certificate, by either kind of URL", async () => {
    assert.equal(await getOnce({ url: target(), tls: tls() }, "where"), "three");
    assert.equal(await getOnce({ url: target("localhost"), tls: tls() }, "where"), "three");
    assert.equal(await getOnce({ url: target().replace("rediss:", "redis:"), tls: tls() }, "where"), "three");
  });

  const refused: Record<string, [settings: () => unknown, message: RegExp]> = {
    "no client certificate": [() => ({ url: target(), tls: { ca_file: pki.ca.certFile } }), /certificate required/i],
    "an unknown CA": [() => ({ url: target(), tls: { ...tls(), ca_file: pki.client.certFile } }), /verify|signed/],
    "the system's CAs": [() => target(), /self-signed|verify/],
    "another name": [() => ({ url: target(), tls: { ...tls(), server_name: "redis.example.com" } }), /altnames/],
    "a key of another certificate": [
      () => ({ url: target(), tls: { ...tls(), key_file: pki.ca.keyFile } }),
      /key values mismatch/,
    ],
    "a certificate file that holds none": [
      () => ({ url: target(), tls: { ...tls(), certificate_file: pki.client.keyFile } }),
      /no start line/,
    ],
    "a CA file that is not there": [
      () => ({ url: target(), tls: { ca_file: join(dir, "no.pem") } }),
      /no\.pem: ENOENT/,
    ],
  };
  for (const [what, [settings, message]] of Object.entries(refused))
    test(`${what}: refused`, async () => {
      const answer = await getOnce(settings(), "where");
      assert.ok(isFailure(answer) && answer.code === "REDIS_TLS", JSON.stringify(answer));
      assert.match(answer.message, message);
      assert.doesNotMatch(answer.message, /\n/);
    });

  test("the server's name may be another than the address", async () => {
    const named = { ...tls(), server_name: "localhost" };
    assert.equal(await getOnce({ url: target(), tls: named }, "where"), "three");
  });

  test("plain words to a TLS port: the error says so", async () => {
    const answer = await getOnce(`redis://127.0.0.1:${tlsPort}`, "where");
    assert.ok(isFailure(answer) && answer.code === "REDIS_UNREACHABLE");
    assert.match(answer.message, /does it want TLS\?$/);
  });

  test("a TLS hello to a plain port, which Redis leaves unanswered: the error says so", async () => {
    const answer = await getOnce({ url: `rediss://127.0.0.1:${server.port}`, tls: tls() }, "where");
    assert.ok(isFailure(answer) && answer.code === "REDIS_UNREACHABLE");
    assert.match(answer.message, /speak TLS\?$/);
  });

  test("unverified only where the config says so, and the log says it too", async () => {
    const { certificate_file, key_file } = tls();
    const config = redisConfig({ url: target(), tls: { certificate_file, key_file, insecure_skip_verify: true } });
    const lines: string[] = [];
    const log = new Log({ level: "info", format: "logfmt", write: (line) => lines.push(line), now: Date.now });
    const client = openRedis(config, { log, target: "shop" });
    assert.equal(await tryGet(client, "where"), "three");
    client.close();
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /level=warn .*insecure_skip_verify.* target=shop/);
    openRedis(redisConfig({ url: target(), tls: tls() }), { log }).close();
    assert.equal(lines.length, 1);
  });
});

describe("who", () => {
  for (const protocol of ["2", "3"] as const) {
    test(`a wrong password, user or none: REDIS_AUTH, without a secret, RESP ${protocol}`, async () => {
      const wrong = [`redis://reader:${encodeURIComponent(`${canary}x`)}@127.0.0.1:${server.port}`, url("nobody")];
      for (const one of wrong) {
        const answer = await getOnce({ url: one, protocol }, "where");
        assert.ok(isFailure(answer) && answer.code === "REDIS_AUTH");
        for (const secret of [canary, encodeURIComponent(canary)]) assert.ok(!answer.message.includes(secret));
      }
      await server.cli(["CONFIG", "SET", "requirepass", canary]);
      try {
        const none = await getOnce({ url: server.url, protocol }, "where");
        assert.ok(isFailure(none) && none.code === "REDIS_AUTH", JSON.stringify(none));
      } finally {
        await server.cli(["-a", canary, "CONFIG", "SET", "requirepass", ""]);
      }
    });
  }

  test("a rotated password is read from its file when the old one no longer connects", async () => {
    const file = join(dir, "password");
    await server.cli(["ACL", "SETUSER", "rotating", "on", ">first", "+get", "~*"]);
    await writeFile(file, "first\n");
    const client = open({ url: server.url, username: "rotating", password_file: file });
    assert.equal(await tryGet(client, "where"), "zero");

    await server.cli(["ACL", "SETUSER", "rotating", "resetpass", ">second"]);
    assert.equal(await tryGet(client, "where"), "zero", "what is connected stays so");
    await server.cli(["CLIENT", "KILL", "USER", "rotating"]);
    const stale = await tryGet(client, "where");
    assert.ok(isFailure(stale) && stale.code === "REDIS_AUTH");

    await writeFile(`${file}.new`, "second\n");
    await rename(`${file}.new`, file);
    assert.equal(await tryGet(client, "where"), "zero");
    await rm(file);
    await server.cli(["CLIENT", "KILL", "USER", "rotating"]);
    const gone = await tryGet(client, "where");
    assert.ok(isFailure(gone) && gone.code === "SECRET_UNREADABLE");
    client.close();
  });
});

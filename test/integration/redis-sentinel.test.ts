import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithUs } from "../support/child-processes.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { testPki } from "../support/tls.ts";
import { getOnce, open, tryGet, type Failure } from "../redis/world.ts";

let dir: string;
let primary: RedisServer;
let replica: RedisServer;
let sentinel: ChildProcess;
let sentinelPort: number;
const password = "of-the-data";
const sentinelPassword = "of-the-sentinels";

const admin = (server: RedisServer, ...words: string[]) => server.cli(["-a", password, "--no-auth-warning", ...words]);
const isFailure = (answer: string | undefined | Failure): answer is Failure => typeof answer === "object";

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error(`not within 30 s: ${what}`);
}

async function startSentinel(): Promise<void> {
  sentinelPort = await freePort();
  const file = join(dir, "sentinel.conf");
  await writeFile(
    file,
    `port ${sentinelPort}
bind 127.0.0.1
dir ${dir}
requirepass ${sentinelPassword}
sentinel monitor shop 127.0.0.1 ${primary.port} 1
sentinel auth-pass shop ${password}
sentinel down-after-milliseconds shop 300
sentinel failover-timeout shop 2000
`,
  );
  sentinel = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
  endsWithUs(sentinel);
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "queuewatch-sentinel-"));
  const secured = ["--requirepass", password, "--masterauth", password, "--repl-diskless-sync-delay", "0"];
  primary = await startRedisServer(secured);
  replica = await startRedisServer([...secured, "--replicaof", `127.0.0.1 ${primary.port}`]);
  await admin(primary, "SET", "key", "kept");
  await until("the replica follows", async () => (await admin(replica, "GET", "key")) === "kept\n");
  await startSentinel();
  await until("the Sentinel knows the replica", async () => {
    const asked = ["-p", String(sentinelPort), "-a", sentinelPassword, "SENTINEL", "REPLICAS", "shop"];
    return (await primary.cli(asked).catch(() => "")).includes(String(replica.port));
  });
});
after(async () => {
  sentinel.kill("SIGKILL");
  if (sentinel.exitCode === null && sentinel.signalCode === null) await once(sentinel, "exit");
  await Promise.all([primary.stop(), replica.stop()]);
  await rm(dir, { recursive: true });
});

const settings = (more: object = {}) => ({
  sentinels: [`127.0.0.1:${sentinelPort}`],
  sentinel_name: "shop",
  sentinel_password: sentinelPassword,
  password,
  ...more,
});

describe("behind Sentinels", () => {
  for (const protocol of ["2", "3"])
    test(`the primary is asked for and read, RESP ${protocol}`, async () => {
      assert.equal(await getOnce(settings({ protocol }), "key"), "kept");
      assert.equal(await getOnce(settings({ protocol, db: 3 }), "key"), undefined);
    });

  test("a Sentinel that is down is passed over", async () => {
    const sentinels = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${sentinelPort}`];
    assert.equal(await getOnce(settings({ sentinels }), "key"), "kept");
    const wrong = await getOnce(settings({ sentinels, password: "wrong" }), "key");
    assert.ok(
      isFailure(wrong) && wrong.message.startsWith("WRONGPASS"),
      "what the server says counts, not who is down",
    );
  });

  test("none that is up: REDIS_UNREACHABLE", async () => {
    const answer = await getOnce(settings({ sentinels: [`127.0.0.1:${await freePort()}`] }), "key");
    assert.deepEqual(answer, { code: "REDIS_UNREACHABLE", message: "no Sentinel answers" });
  });

  test("a name that they do not know: said so", async () => {
    const answer = await getOnce(settings({ sentinel_name: "stop" }), "key");
    assert.deepEqual(answer, { code: "REDIS_UNREACHABLE", message: "no Sentinel knows a primary named stop" });
  });

  test("wrong passwords, the Sentinels' and the server's: REDIS_AUTH, without them", async () => {
    for (const wrong of [
      { sentinel_password: "canary-1" },
      { sentinel_password: undefined },
      { password: "canary-2" },
    ]) {
      const answer = await getOnce(settings(wrong), "key");
      assert.ok(isFailure(answer) && answer.code === "REDIS_AUTH", JSON.stringify(answer));
      assert.doesNotMatch(answer.message, /canary|of-the/);
    }
  });

  test("a failover: the promoted replica is read, and the old primary, back as a replica, is not", async () => {
    const redis = open(settings());
    assert.equal(await tryGet(redis, "key"), "kept");
    primary.kill("SIGKILL");
    const down = await tryGet(redis, "key");
    assert.ok(isFailure(down) && down.code === "REDIS_UNREACHABLE", JSON.stringify(down));
    await until("the replica is promoted", async () =>
      /^role:master/m.test(await admin(replica, "INFO", "replication")),
    );
    const promoted = performance.now();
    await admin(replica, "SET", "key", "promoted");
    await until("it is read", async () => (await tryGet(redis, "key")) === "promoted");
    assert.ok(performance.now() - promoted < 6_000);
    await primary.restart();
    await admin(primary, "REPLICAOF", "127.0.0.1", String(replica.port));
    assert.equal(await tryGet(redis, "key"), "promoted");
    redis.close();
  });

  test("over TLS, to the Sentinels as to the primary", async () => {
    const pki = testPki();
    const [dataPort, askedPort] = [await freePort(), await freePort()];
    const tls = {
      "tls-cert-file": pki.server.certFile,
      "tls-key-file": pki.server.keyFile,
      "tls-ca-cert-file": pki.ca.certFile,
    };
    const data = await startRedisServer(
      Object.entries({ "tls-port": dataPort, ...tls }).flatMap(([name, value]) => [`--${name}`, String(value)]),
    );
    const file = join(dir, "encrypted.conf");
    const lines = Object.entries({ port: 0, "tls-port": askedPort, bind: "127.0.0.1", dir, ...tls });
    await writeFile(
      file,
      [...lines.map((line) => line.join(" ")), `sentinel monitor shop 127.0.0.1 ${dataPort} 2`].join("\n"),
    );
    const child = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
    try {
      await data.cli(["SET", "key", "encrypted"]);
      const files = { ca_file: pki.ca.certFile, certificate_file: pki.client.certFile, key_file: pki.client.keyFile };
      const asked = { sentinels: [`127.0.0.1:${askedPort}`], sentinel_name: "shop", tls: files };
      let answer: string | undefined | Failure;
      await until("the Sentinel answers", async () => {
        answer = await getOnce(asked, "key");
        return !isFailure(answer);
      });
      assert.equal(answer, "encrypted");
      const plain = await getOnce({ ...asked, tls: undefined }, "key");
      assert.ok(isFailure(plain) && plain.message.startsWith("no Sentinel answers"), JSON.stringify(plain));
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
      await data.stop();
      pki.remove();
    }
  });

  test("a replica that a Sentinel still takes for the primary is not read", async () => {
    // No other Sentinel knows this one: none can promote it.
    const follower = await startRedisServer(["--replicaof", "127.0.0.1", String(await freePort())]);
    const misled = await freePort();
    const file = join(dir, "misled.conf");
    // It cannot mend what it thinks: a quorum of two, and its word alone.
    await writeFile(
      file,
      `port ${misled}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor shop 127.0.0.1 ${follower.port} 2\n`,
    );
    const child = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
    try {
      const asked = { sentinels: [`127.0.0.1:${misled}`], sentinel_name: "shop" };
      let answer: string | undefined | Failure;
      await until("the Sentinel answers", async () => {
        answer = await getOnce(asked, "key");
        return !isFailure(answer) || answer.message !== "no Sentinel answers";
      });
      assert.deepEqual(answer, {
        code: "REDIS_UNREACHABLE",
        message: "the Sentinels name a replica as primary: a failover is under way",
      });
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
      await follower.stop();
    }
  });
});

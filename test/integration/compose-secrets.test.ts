import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { startRedisServer } from "../support/redis-server.ts";

const compose = join(import.meta.dirname, "../../deploy/compose");
const volumes = ["authority", "redis", "worker", "agent", "collector", "prometheus", "alertmanager", "grafana"];
const servers = ["redis", "agent", "collector", "prometheus", "alertmanager", "grafana"];
const able = process.getuid?.() === 0 && spawnSync("ruby", ["-v"]).status === 0;
const skip = able ? false : "needs root and ruby";

/** No others than compose.yaml gives it. */
const service = parse(readFileSync(join(compose, "../compose.yaml"), "utf8"), { merge: true }) as {
  services: { secrets: { cap_add: string[] } };
};
const capabilities = ["-all", ...service.services.secrets.cap_add.map((name) => `+${name.toLowerCase()}`)].join(",");

describe("what the compose example's one-shot service makes", { skip }, () => {
  let root: string;
  const read = (volume: string, name: string): string => readFileSync(join(root, volume, name), "utf8");
  const make = (password: string) =>
    execFileSync("setpriv", [`--bounding-set=${capabilities}`, "ruby", join(compose, "sample/secrets.rb")], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        SECRETS_ROOT: root,
        USERS_ACL: join(compose, "users.acl"),
        QUEUEWATCH_PASSWORD: password,
      },
    });
  before(() => {
    root = mkdtempSync(join(tmpdir(), "queuewatch-secrets-"));
    for (const volume of [...volumes, "agent-state", "collector-state"]) mkdirSync(join(root, volume));
    make("sample-password-1");
  });
  after(() => rmSync(root, { recursive: true }));

  test("certificates of one authority, for the service's name and for localhost", () => {
    const authority = new X509Certificate(read("authority", "ca.crt"));
    for (const name of servers) {
      const certificate = new X509Certificate(read(name, "server.crt"));
      assert.ok(certificate.verify(authority.publicKey), name);
      assert.equal(certificate.checkHost(name), name);
      assert.equal(certificate.checkHost("localhost"), "localhost");
      assert.equal(read(name, "ca.crt"), authority.toString());
    }
  });

  test("files that only the service's user reads; the authority's key is in no service", () => {
    assert.equal(statSync(join(root, "agent", "server.key")).mode & 0o777, 0o400);
    assert.equal(statSync(join(root, "agent", "server.key")).uid, 65_532);
    const key = read("authority", "ca.key");
    for (const name of servers) assert.notEqual(read(name, "server.key"), key);
  });

  test("a second start keeps passwords and takes over the user's, without printing any", () => {
    const kept = read("agent", "redis-password");
    const web = read("prometheus", "web.yaml");
    const printed = make("sample-password-2");
    assert.equal(read("agent", "redis-password"), kept);
    assert.equal(read("grafana", "admin-password"), "sample-password-2");
    assert.notEqual(read("prometheus", "web.yaml"), web);
    assert.ok(!printed.includes(kept) && !printed.includes("sample-password"));
  });

  test("a bcrypt hash and no password for Prometheus and Alertmanager", () => {
    for (const name of ["prometheus", "alertmanager"]) {
      assert.match(read(name, "web.yaml"), /admin: "\$2b\$10\$[./A-Za-z0-9]{53}"/);
      assert.ok(!read(name, "web.yaml").includes("sample-password"));
    }
  });

  test("Redis takes the users: the agent's reads and cannot write, nobody else comes in", async () => {
    const redis = await startRedisServer(["--aclfile", join(root, "redis", "users.acl")]);
    const as = (user: string, password: string, ...command: string[]) =>
      redis.cli(["--user", user, "--pass", password, "--no-auth-warning", ...command]);
    try {
      const agent = read("agent", "redis-password");
      const worker = read("worker", "redis-password");
      assert.equal(await as("worker", worker, "SADD", "queues", "mailers"), "1\n");
      assert.equal(await as("queuewatch", agent, "SMEMBERS", "queues"), "mailers\n");
      assert.match(await as("queuewatch", agent, "SADD", "queues", "x"), /NOPERM/);
      assert.match(await as("worker", worker, "FLUSHALL"), /NOPERM/);
      assert.match(await redis.cli(["SMEMBERS", "queues"]), /NOAUTH/);
    } finally {
      await redis.stop();
    }
  });
});

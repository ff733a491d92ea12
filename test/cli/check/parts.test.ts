import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findingLines, ok } from "../../../src/cli/check/finding.ts";
import { checkListen, checkOpenness, checkStateDir } from "../../../src/cli/check/host.ts";
import { checkTarget, serverName } from "../../../src/cli/check/target.ts";
import { painter } from "../../../src/cli/terminal.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { configSchema, type TargetConfig } from "../../../src/config/schema.ts";
import { QueuewatchError } from "../../../src/errors.ts";
import type { Redis } from "../../../src/redis/client.ts";
import type { QueueState, Snapshot, System } from "../../../src/systems/system.ts";
import { snapshotOf } from "../../support/snapshot.ts";

const queueOf = (queue: string, size: number): QueueState => ({
  queue,
  size,
  latency: 0,
  latencyUncertainty: 0,
  running: 0,
  longestRunning: 0,
  workers: 0,
  slots: 0,
  paused: false,
  payloadBytes: 0,
  enqueuedSince: 0,
  dequeuedSince: 0,
});

const nowMs = Date.UTC(2026, 0, 1);
const [target = assert.fail()] = parseConfig(`targets: [{ name: a, redis: "rediss://x" }]`, {
  file: "q",
  env: {},
}).targets;

/** Answers TIME and INFO, or fails. */
function redisThat(answer: { timeMs?: number; failure?: QueuewatchError }): Redis {
  const read = (commands: readonly { name: string }[]): Promise<unknown> =>
    answer.failure
      ? Promise.reject(answer.failure)
      : Promise.resolve(
          commands.map(({ name }) => ({
            ok: true,
            value: name === "time" ? (answer.timeMs ?? nowMs) : "redis_version:7.2.1\r\n",
          })),
        );
  return { read: read as Redis["read"], cost: { commands: 0, receivedBytes: 0 }, close: () => undefined };
}

function systemWith(snapshot: Snapshot | undefined): System {
  return {
    id: "sidekiq",
    title: "Sidekiq",
    defaultPrefix: "",
    commands: [],
    keyPatterns: () => [],
    detect: (_, prefix) => Promise.resolve(snapshot && { system: "sidekiq", prefix, title: "Sidekiq 8.1.7" }),
    open: () => ({
      read: () => Promise.resolve(snapshot ?? snapshotOf()),
      save: () => undefined,
      restore: () => undefined,
    }),
  };
}

async function findings(redis: Redis, snapshot?: Snapshot, queues: TargetConfig["queues"] = {}): Promise<string[]> {
  const parts = { redis, systems: [systemWith(snapshot)], now: () => nowMs, signal: new AbortController().signal };
  return findingLines("a", await checkTarget({ ...target, queues }, { ...parts, scan: false }), painter(false))
    .trimEnd()
    .split("\n")
    .slice(1);
}

describe("check of a target", () => {
  test("says what was found", async () => {
    const snapshot = snapshotOf({ sets: [{ set: "retry", size: 4, overdue: 0, lag: 0 }] });
    const lines = await findings(redisThat({}), {
      ...snapshot,
      workers: { ...snapshot.workers, active: 2, lost: 1 },
    });
    assert.deepEqual(lines.slice(0, 2), [
      "  ✔ redis        Redis 7.2.1, TLS, answers in 0 ms",
      "  ✔ jobs         Sidekiq 8.1.7: 0 queues (0 jobs), 2 workers and 1 lost, 4 retry",
    ]);
    assert.match(lines[2] ?? "", /^ {2}✔ elsewhere {4}not looked at: job systems in other databases/);
    assert.ok(lines.includes("  ✔ rights       everything that is needed may be read"));
  });

  test("says which queues and patterns of the config nothing has the name of", async () => {
    const snapshot = snapshotOf({ queues: [queueOf("payments", 1), queueOf("report-1", 0)] });
    const lines = await findings(redisThat({}), snapshot, {
      paymnets: {},
      payments: {},
      "report-*": {},
      "x\\*": {},
      "x?": {},
    });
    const from = lines.indexOf("  ✔ jobs         Sidekiq 8.1.7: 2 queues (1 job), 0 workers");
    assert.deepEqual(
      lines.slice(from + 1).filter((line) => line.includes(" queues ")),
      [
        "  ! queues       `paymnets` is in the config, but not in Redis (did you mean `payments`?)",
        "  ! queues       `x*` is in the config, but not in Redis",
        "  ! queues       no queue in Redis matches `x?`",
      ],
    );
  });

  test("says what to do when Redis cannot be read", async () => {
    const failure = new QueuewatchError("REDIS_AUTH", "WRONGPASS");
    assert.deepEqual(await findings(redisThat({ failure })), [
      "  ✖ redis        REDIS_AUTH: WRONGPASS",
      "                 → Check `username` and `password_file`.",
    ]);
  });

  test("says what to do when no system is there", async () => {
    const lines = await findings(redisThat({}));
    assert.equal(lines[1], "  ✖ jobs         SYSTEM_NOT_FOUND: no trace of Sidekiq or Resque in this database");
    assert.match(lines[2] ?? "", /→ Check `db`, `namespaces` and `system`/);
  });

  test("notes clocks that differ, and problems of the read", async () => {
    const problems = [{ code: "READ_PARTIAL", message: "queues: NOPERM", count: 1 } as const];
    const lines = await findings(redisThat({ timeMs: nowMs - 90_000 }), snapshotOf({ problems }));
    assert.ok(lines.includes("  ! clock        Redis is 90 s behind this machine"));
    assert.ok(lines.includes("  ✖ jobs         READ_PARTIAL: queues: NOPERM"));
  });

  test("tells Valkey from Redis", () => {
    assert.equal(serverName("redis_version:7.2.4\r\nvalkey_version:8.1.1\r\n"), "Valkey 8.1.1");
    assert.equal(serverName(""), "Redis of unknown version");
  });

  test("keeps to one line whatever Redis says", () => {
    assert.equal(
      findingLines("a", [ok("redis", "x\n✔ forged\u001b[0m")], painter(false)),
      "a\n  ✔ redis        x\ufffd✔ forged\ufffd[0m\n",
    );
  });
});

describe("check of the machine", () => {
  test("an endpoint that other machines reach, without TLS or a secret, is noted", () => {
    const said = (settings: object): string[] => {
      const { prometheus } = configSchema.parse({ target_files: ["x"], export: { prometheus: settings } }).export;
      return checkOpenness(prometheus ?? assert.fail()).map(({ level, text }) => `${level}: ${text}`);
    };
    const tls = { certificate_file: "/c", key_file: "/k" };
    for (const listen of ["127.0.0.1:9464", "localhost:9464", "[::1]:9464"]) assert.deepEqual(said({ listen }), []);
    const listen = "0.0.0.0:9464";
    assert.deepEqual(said({ listen }), [
      "note: other machines reach /metrics without TLS and without asking for a token or password",
    ]);
    assert.deepEqual(said({ listen, tls }), [
      "note: other machines reach /metrics without asking for a token or password",
    ]);
    assert.deepEqual(said({ listen, bearer_token_file: "/t" }), ["note: other machines reach /metrics without TLS"]);
    assert.deepEqual(said({ listen, tls, bearer_token: "t" }), []);
  });

  let dir: string;
  before(async () => (dir = await mkdtemp(join(tmpdir(), "queuewatch-check-"))));
  after(() => rm(dir, { recursive: true }));

  test("an address that is free, in use, or none of ours", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.equal((await checkListen(`127.0.0.1:${port}`)).level, "note");
    server.close();
    await once(server, "close");
    assert.equal((await checkListen(`127.0.0.1:${port}`)).level, "ok");
    const foreign = await checkListen("192.0.2.1:9464");
    assert.match(foreign.text, /^LISTEN_FAILED: /);
  });

  test("a state folder that is there, can be made, is a file, or is not named", async () => {
    assert.deepEqual(await checkStateDir(dir), { level: "ok", subject: "state", text: `${dir} is writable` });
    assert.match((await checkStateDir(join(dir, "a/b"))).text, /can be made$/);
    await writeFile(join(dir, "file"), "");
    assert.match((await checkStateDir(join(dir, "file"))).text, /^STATE_UNWRITABLE: .* is no directory$/);
    assert.equal((await checkStateDir(undefined)).level, "note");
  });
});

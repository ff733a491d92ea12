import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startAgent } from "../../src/collect/agent.ts";
import type { Collection } from "../../src/collect/family.ts";
import { Readers } from "../../src/collect/readers.ts";
import { StateFile } from "../../src/collect/state.ts";
import { Target } from "../../src/collect/target.ts";
import { targetView } from "../../src/collect/view.ts";
import { type Config, configSchema } from "../../src/config/schema.ts";
import { QueuewatchError } from "../../src/errors.ts";
import type { Redis } from "../../src/redis/client.ts";
import { Log } from "../../src/self/log.ts";
import { Telemetry } from "../../src/self/telemetry.ts";
import { fakeSystem } from "../support/fake-system.ts";
import { snapshotOf } from "../support/snapshot.ts";
import type { Snapshot, System, SystemId } from "../../src/systems/system.ts";

const redis: Redis = {
  read: () => Promise.reject(new Error("not used")),
  cost: { commands: 3, receivedBytes: 100 },
  close: () => undefined,
};

const snapshot = (system: SystemId, more: Partial<Snapshot> = {}): Snapshot => snapshotOf({ system, ...more });

let wall = 1_000_000;
const clock = { now: () => ++wall, monotonic: () => wall };

function config(more: object = {}): Config {
  return configSchema.parse({
    environment: "test",
    targets: [{ name: "shop", redis: "redis://127.0.0.1:1", ...more }],
  });
}

interface MakeOptions {
  readonly lines?: string[];
  readonly stateDir?: string;
  readonly more?: object;
  readonly limits?: { readonly perMetric: number; readonly total: number };
}

function makeTarget(systems: readonly System[], options: MakeOptions = {}) {
  const parsed = config(options.more);
  const [target] = parsed.targets;
  assert.ok(target);
  const log = new Log({ level: "info", format: "logfmt", now: () => wall, write: (line) => options.lines?.push(line) });
  const limits = options.limits ?? { perMetric: 2_000, total: 10_000 };
  return new Target({
    name: target.name,
    system: target.system,
    environment: parsed.environment,
    redis,
    readers: new Readers(target, redis, systems),
    readServer: async () => ({ samples: [], problems: [] }),
    view: targetView(parsed, target, "key"),
    limits,
    namedQueues: [],
    timeoutMs: 1_000,
    clock,
    log,
    telemetry: new Telemetry("test", limits, clock),
    stateFile: options.stateDir === undefined ? undefined : new StateFile(options.stateDir, "target-shop"),
  });
}

const never = new AbortController().signal;

function values(collection: Collection, metric: string): Record<string, unknown> {
  const family = collection.families.find((candidate) => candidate.metric.name === metric);
  return Object.fromEntries((family?.points ?? []).map(({ attributes, value }) => [attributes["system"], value]));
}

test("a target that is read is up; one that is not gives 0 and nothing else", async () => {
  const sidekiq = fakeSystem("sidekiq");
  const lines: string[] = [];
  const target = makeTarget([sidekiq], { lines });
  sidekiq.next = async () =>
    snapshot("sidekiq", { sets: [{ set: "dead", size: 4, overdue: undefined, lag: undefined }] });
  const good = await target.tick(never);
  assert.deepEqual(values(good, "queuewatch.target.up"), { sidekiq: 1 });
  assert.deepEqual(values(good, "jobqueue.set.size"), { sidekiq: 4 });
  sidekiq.next = () => Promise.reject(new QueuewatchError("REDIS_UNREACHABLE", "connection refused"));
  const bad = await target.tick(never);
  assert.deepEqual(values(bad, "queuewatch.target.up"), { sidekiq: 0 });
  assert.equal(bad.families.length, 1, "no old value is exported as new");
  assert.equal(target.failure?.code, "REDIS_UNREACHABLE");
  assert.match(lines.join(""), /code=REDIS_UNREACHABLE/);
  sidekiq.next = async () => snapshot("sidekiq", {});
  for (let tick = 0; tick < 2; tick++) await target.tick(never);
  assert.equal(lines.join("").match(/level=info message="the target is read again" target=/g)?.length, 1);
});

test("with two systems, one that fails stands still and is down, the other goes on", async () => {
  const sidekiq = fakeSystem("sidekiq");
  const resque = fakeSystem("resque");
  const target = makeTarget([sidekiq, resque]);
  const first = await target.tick(never);
  assert.deepEqual(values(first, "queuewatch.target.up"), { sidekiq: 1, resque: 1 });
  resque.next = () => Promise.reject(new QueuewatchError("REDIS_TIMEOUT", "slow"));
  const second = await target.tick(never);
  assert.deepEqual(values(second, "queuewatch.target.up"), { sidekiq: 1, resque: 0 });
  assert.deepEqual(values(second, "jobqueue.worker.count"), { sidekiq: 0 });
  resque.next = async () => snapshot("resque");
  assert.deepEqual(values(await target.tick(never), "queuewatch.target.up"), { sidekiq: 1, resque: 1 });
});

test("a limit on series is said with what it cost, and the rest is exported", async () => {
  const sidekiq = fakeSystem("sidekiq");
  const lines: string[] = [];
  const target = makeTarget([sidekiq], { lines, limits: { perMetric: 3, total: 1_000 } });
  const failures = ["A", "B", "C", "D", "E"].map((jobClass) => ({
    set: "dead" as const,
    queue: "mail",
    jobClass,
    errorType: "KeyError",
    count: 2,
  }));
  sidekiq.next = async () => snapshot("sidekiq", { failures });
  const { families } = await target.tick(never);
  const sizes = families.find(({ metric }) => metric.name === "jobqueue.failure.size")?.points ?? [];
  assert.equal(sizes.length, 3);
  assert.equal(
    sizes.reduce((sum, { value }) => sum + Number(value), 0),
    10,
  );
  assert.match(lines.join(""), /message="3 series combined into other" code=SERIES_LIMIT/);
});

test("with system auto, a database without a system is said, and one that appears is taken up", async () => {
  const sidekiq = fakeSystem("sidekiq");
  sidekiq.present = false;
  const lines: string[] = [];
  const target = makeTarget([sidekiq], { lines });
  assert.deepEqual(values(await target.tick(never), "queuewatch.target.up"), { auto: 1 });
  assert.match(lines.join(""), /code=SYSTEM_NOT_FOUND/);
  sidekiq.present = true;
  const found = await target.tick(never);
  assert.deepEqual(values(found, "queuewatch.target.up"), { sidekiq: 1 });
  assert.equal(found.families.find(({ metric }) => metric.name === "queuewatch.target.up")?.ended.length, 1);
});

test("state survives a restart, in a file that only its owner may read", async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  t.after(() => rm(stateDir, { recursive: true }));
  const sidekiq = fakeSystem("sidekiq");
  sidekiq.next = async () => snapshot("sidekiq", { lostJobsSince: [{ jobClass: "A", count: 2 }] });
  await makeTarget([sidekiq], { stateDir }).tick(never);
  const file = join(stateDir, "target-shop.json");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.doesNotMatch(await readFile(file, "utf8"), /redis:\/\//);
  const after = await makeTarget([sidekiq], { stateDir }).tick(never);
  assert.deepEqual(sidekiq.restored, { mark: 7 });
  assert.deepEqual(values(after, "jobqueue.job.lost"), { sidekiq: 4 }, "2 before, 2 now, and no new beginning at 0");
});

test("a broken state file is said once, and the agent starts from now", async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  t.after(() => rm(stateDir, { recursive: true }));
  await writeFile(join(stateDir, "target-shop.json"), '{"version":9');
  const lines: string[] = [];
  const target = makeTarget([fakeSystem("sidekiq")], { stateDir, lines });
  assert.deepEqual(values(await target.tick(never), "queuewatch.target.up"), { sidekiq: 1 });
  assert.match(lines.join(""), /code=STATE_UNREADABLE/);
});

test("a state directory that cannot be written costs a log line, not the points", async () => {
  const lines: string[] = [];
  const target = makeTarget([fakeSystem("sidekiq")], { stateDir: "/dev/null/state", lines });
  assert.deepEqual(values(await target.tick(never), "queuewatch.target.up"), { sidekiq: 1 });
  assert.match(lines.join(""), /code=STATE_UNWRITABLE/);
});

test("a target that hangs does not hold up another; every tick goes to every destination", async () => {
  const hanging = fakeSystem("sidekiq");
  hanging.next = () => new Promise(() => undefined);
  const parsed = configSchema.parse({
    interval: 0.05,
    targets: [
      { name: "hangs", redis: "redis://127.0.0.1:1", system: "sidekiq" },
      { name: "works", redis: "redis://127.0.0.1:1", system: "resque" },
    ],
  });
  const offered: Collection[] = [];
  const counts = { produced: 0, delivered: 0, rejected: 0, dropped: 0, queued: 0 };
  const sink = { name: "sink", counts, offer: (c: Collection) => void offered.push(c), close: async () => undefined };
  const agent = startAgent(parsed, {
    systems: [hanging, fakeSystem("resque")],
    destinations: [sink],
    openRedis: () => redis,
    readServer: async () => ({ samples: [], problems: [] }),
    maskKey: "",
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    log: new Log({ level: "error", format: "json", now: Date.now, write: () => undefined }),
  });
  while (offered.filter(({ target }) => target === "works").length < 3) await new Promise((r) => setTimeout(r, 10));
  assert.ok(agent.notReady().some((reason) => reason.includes("hangs")));
  assert.ok(agent.collections().some(({ target }) => target === "works"));
  await agent.stop(AbortSignal.timeout(100));
});

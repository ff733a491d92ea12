import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { startAgent, type Agent } from "../../src/collect/agent.ts";
import type { Collection } from "../../src/collect/family.ts";
import { configSchema, type TargetConfig } from "../../src/config/schema.ts";
import { Log } from "../../src/self/log.ts";
import { eventually } from "../support/agent.ts";
import { fakeSystem, type FakeSystem } from "../support/fake-system.ts";
import { snapshotOf } from "../support/snapshot.ts";

type Written = { readonly name: string } & Readonly<Record<string, unknown>>;

const targets = (...written: Written[]): TargetConfig[] =>
  configSchema.parse({
    targets: written.map((one) => ({ redis: `redis://${one.name}`, system: "sidekiq", ...one })),
    target_files: ["unused"],
  }).targets;

interface Connection {
  readonly url: string;
  open: boolean;
}

interface Running {
  readonly agent: Agent;
  readonly sidekiq: FakeSystem;
  readonly offered: Collection[];
  readonly connections: Connection[];
  readonly lines: string[];
  /** URLs of the connections that are open. */
  readonly open: () => string[];
  /** Points of a target's metric, oldest first, or `ended`. */
  readonly said: (target: string, metric: string) => (number | "ended")[];
  /** Resolves after another read of the target. */
  readonly readAgain: (target: string) => Promise<void>;
}

/** An agent that reads every 20 ms; each read has cost 10 commands, and counts one job lost. */
function start(t: TestContext, first: readonly TargetConfig[], more: object = {}): Running {
  const sidekiq = fakeSystem("sidekiq");
  sidekiq.next = async () =>
    snapshotOf({
      sets: [{ set: "dead", size: 4, overdue: undefined, lag: undefined }],
      jobs: { processed: 100, failed: undefined },
      lostJobsSince: [{ jobClass: "A", count: 1 }],
    });
  const offered: Collection[] = [];
  const connections: Connection[] = [];
  const lines: string[] = [];
  let now = Date.now();
  const counts = { produced: 0, delivered: 0, rejected: 0, dropped: 0, queued: 0 };
  const agent = startAgent(
    { ...configSchema.parse({ interval: "20ms", target_files: ["unused"], ...more }), targets: [...first] },
    {
      systems: [sidekiq],
      destinations: [{ name: "sink", counts, offer: (one) => void offered.push(one), close: async () => undefined }],
      openRedis: ({ redis }) => {
        const connection = { url: redis.url?.reveal() ?? "", open: true };
        connections.push(connection);
        let commands = 0;
        return {
          read: () => Promise.reject(new Error("not used")),
          get cost() {
            return { commands: (commands += 10), receivedBytes: 0 };
          },
          close: () => void (connection.open = false),
        };
      },
      readServer: async () => ({ samples: [], problems: [] }),
      maskKey: "",
      clock: { now: () => (now = Math.max(now + 1, Date.now())), monotonic: () => performance.now() },
      log: new Log({ level: "info", format: "logfmt", now: Date.now, write: (line) => lines.push(line) }),
    },
  );
  t.after(() => agent.stop(AbortSignal.timeout(100)));
  const of = (target: string) => offered.filter((one) => one.target === target);
  return {
    agent,
    sidekiq,
    offered,
    connections,
    lines,
    open: () => connections.filter(({ open }) => open).map(({ url }) => url),
    said: (target, metric) =>
      of(target).flatMap(({ families }) =>
        families
          .filter((family) => family.metric.name === metric)
          .flatMap(({ points, ended }) => [
            ...points.map(({ value }) => Number(value)),
            ...ended.map(() => "ended" as const),
          ]),
      ),
    readAgain: async (target) => {
      const before = of(target).length;
      await eventually(`a read of ${target}`, () => of(target).length > before + 1);
    },
  };
}

const lost = "jobqueue.job.lost";
/** One was lost at each read: 0 at the first, as every count begins, and all of them from the second on. */
const counts = (values: readonly (number | "ended")[]) =>
  assert.deepEqual(
    values,
    values.map((_, index) => (index === 0 ? 0 : index + 1)),
  );

test("what is the same goes on untouched; what is new starts, what is gone ends", async (t) => {
  const { agent, open, said, readAgain, connections } = start(t, targets({ name: "a" }, { name: "b" }));
  await readAgain("a");
  const changes = await agent.watch(targets({ name: "c" }, { name: "a" }), 0);
  assert.deepEqual(changes, { added: ["c"], changed: [], removed: ["b"] });
  await readAgain("a");
  await readAgain("c");
  assert.deepEqual(open(), ["redis://a", "redis://c"]);
  assert.equal(connections.length, 3);
  counts(said("a", lost));
  const offered = said("b", lost).length;
  await readAgain("a");
  assert.equal(said("b", lost).length, offered, "nothing more of it");
  assert.ok(!agent.collections().some(({ target }) => target === "b"));
  assert.deepEqual(agent.notReady(), []);
});

test("every series of what is gone ends, without a last 0, and with its last count", async (t) => {
  const { agent, offered, said, readAgain } = start(t, targets({ name: "a" }));
  await readAgain("a");
  await agent.watch([], 0);
  const last = offered.findLast(({ target }) => target === "a");
  assert.ok(last?.families.every(({ points }) => points.length === 0));
  const series = (one: Collection | undefined, of: "points" | "ended") =>
    one?.families.flatMap((family) => (of === "points" ? family.points : family.ended).map(() => family.metric.name));
  const before = offered.findLast((one) => one.target === "a" && series(one, "ended")?.length === 0);
  assert.deepEqual(series(last, "ended")?.toSorted(), series(before, "points")?.toSorted());
  assert.deepEqual(said("a", "queuewatch.target.up").slice(-2), [1, "ended"]);
  assert.deepEqual(said("a", "jobqueue.set.size").slice(-2), [4, "ended"]);
});

test("a count that was to get its first value at the next read has it before it ends", async (t) => {
  const { agent, sidekiq, said } = start(t, []);
  const once = Promise.withResolvers<void>();
  sidekiq.next = async () => {
    once.resolve();
    return snapshotOf({ lostJobsSince: [{ jobClass: "A", count: 5 }] });
  };
  await agent.watch(targets({ name: "a", interval: "1h" }), 0);
  await once.promise;
  await agent.watch([], 0);
  assert.deepEqual(said("a", lost), [0, 5, "ended"]);
});

test("an interval that is no whole number of milliseconds inside is one like others", async (t) => {
  const [target] = targets({ name: "a", interval: "350ms" });
  assert.ok(target && !Number.isInteger((target.interval ?? 0) * 1_000));
  const { agent, readAgain } = start(t, [target]);
  await readAgain("a");
  assert.deepEqual(agent.notReady(), []);
});

test("a target that was never read ends, too", async (t) => {
  const { agent, sidekiq, said } = start(t, []);
  sidekiq.next = () => Promise.reject(new Error("refused"));
  await agent.watch(targets({ name: "a", system: "auto" }), 0);
  await eventually("down", () => said("a", "queuewatch.target.up").includes(0));
  await agent.watch([], 0);
  assert.equal(said("a", "queuewatch.target.up").at(-1), "ended");
});

test("another promise is in force with the next read, over the same connection and reader", async (t) => {
  const { agent, sidekiq, said, open, connections, readAgain } = start(t, targets({ name: "a" }));
  sidekiq.next = async () => snapshotOf({ queues: [queue("mail")], lostJobsSince: [{ jobClass: "A", count: 1 }] });
  await readAgain("a");
  const limit = "jobqueue.queue.latency_limit";
  assert.deepEqual(said("a", limit), []);
  const promised = targets({ name: "a", queues: { "m*": { latency: { critical: "5s" } } }, interval: "15ms" });
  assert.deepEqual((await agent.watch(promised, 0)).changed, ["a"]);
  await readAgain("a");
  assert.equal(said("a", limit).at(-1), 5);
  assert.deepEqual([open().length, connections.length, sidekiq.opened.length], [1, 1, 1]);
  await agent.watch(targets({ name: "a" }), 0);
  await readAgain("a");
  assert.equal(said("a", limit).at(-1), "ended");
  counts(said("a", lost));
});

test("another password opens another connection; reader's memory and counts go on", async (t) => {
  const { agent, sidekiq, said, open, offered, readAgain } = start(t, targets({ name: "a" }));
  await readAgain("a");
  sidekiq.memory = { mark: "latest" };
  await agent.watch(targets({ name: "a", redis: { url: "redis://a", password: "other" }, queues: { new: {} } }), 0);
  await readAgain("a");
  assert.equal(open().length, 1);
  assert.deepEqual(sidekiq.restored, { mark: "latest" });
  assert.deepEqual(sidekiq.opened.at(-1)?.namedQueues, ["new"]);
  counts(said("a", lost));
  const starts = offered.flatMap(({ families }) =>
    families.flatMap(({ metric, points }) => (metric.name === lost ? points.map(({ startMs }) => startMs) : [])),
  );
  assert.equal(new Set(starts).size, 1, "the count has one beginning");
});

test("another server or database is another source: all begins anew", async (t) => {
  const { agent, sidekiq, said, open, offered, readAgain } = start(t, targets({ name: "a" }));
  await readAgain("a");
  await agent.watch(targets({ name: "a", redis: "redis://a:6379/2" }), 0);
  await readAgain("a");
  assert.deepEqual(open(), ["redis://a:6379/2"]);
  assert.equal(sidekiq.restored, undefined);
  const values = said("a", lost);
  const end = values.indexOf("ended");
  counts(values.slice(0, end));
  counts(values.slice(end + 1));
  assert.ok(said("a", "jobqueue.job.processed").includes("ended"), "its total does not go on from the other one");
  await agent.watch(targets({ name: "a", redis: { url: "rediss://a/2", tls: {} } }), 0);
  await readAgain("a");
  const ends = offered.filter(({ families }) => families.some(({ ended }) => ended.length > 1));
  assert.equal(ends.length, 1, "TLS is only another way there");
});

test("what it cost is counted once, over a new connection", async (t) => {
  const { agent, readAgain, said } = start(t, targets({ name: "a" }));
  await readAgain("a");
  await agent.watch(targets({ name: "a", redis: { url: "redis://a", password: "p" } }), 0);
  await readAgain("a");
  await agent.stop(AbortSignal.timeout(100));
  const own = agent.collections().find(({ target }) => target === undefined);
  const commands = own?.families.find(({ metric }) => metric.name === "queuewatch.redis.commands")?.points[0]?.value;
  const pending = 10;
  const reads = said("a", "queuewatch.target.up").length;
  assert.ok(Number(commands) >= (reads - 1) * 10 - pending, `${Number(commands)} commands in ${reads} reads`);
  assert.ok(Number(commands) <= reads * 10);
});

test("with state_dir, what is gone leaves no state behind: it would count twice on its return", async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  const { agent, said, readAgain } = start(t, targets({ name: "a" }), { state_dir: stateDir });
  // After the agent has stopped: it writes into the folder.
  t.after(() => rm(stateDir, { recursive: true }));
  await readAgain("a");
  const file = join(stateDir, "target-a.json");
  assert.ok(existsSync(file));
  await agent.watch([], 0);
  assert.ok(!existsSync(file));
  await agent.watch(targets({ name: "a" }), 0);
  await readAgain("a");
  counts(said("a", lost).slice(said("a", lost).indexOf("ended") + 1));
});

test("a read under way is not cut off by a change, and holds up no other target", async (t) => {
  const { agent, sidekiq, said, readAgain } = start(t, targets({ name: "slow", interval: "1h" }));
  const quick = sidekiq.next;
  const slow = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  sidekiq.next = async () => (reading.resolve(), await slow.promise, quick());
  await reading.promise;
  sidekiq.next = quick;
  const change = agent.watch(targets({ name: "slow", interval: "30ms" }, { name: "new" }), 0);
  await eventually("the new one is read", () => said("new", lost).length > 1);
  assert.deepEqual(said("slow", lost), []);
  slow.resolve();
  await change;
  await readAgain("slow");
  counts(said("slow", lost));
});

test("how the config was read is told", async (t) => {
  const { agent, offered } = start(t, targets({ name: "a" }));
  const own = (metric: string) =>
    offered.findLast(({ target }) => target === undefined)?.families.find((family) => family.metric.name === metric)
      ?.points[0]?.value;
  const refused = "queuewatch.config.last_reload.refused";
  const time = "queuewatch.config.last_reload.time";
  await eventually("the first of its own", () => own(refused) === 0);
  const started = own(time);
  await agent.watch(targets({ name: "a" }), 2);
  await eventually("two files refused", () => own(refused) === 2);
  assert.equal(own(time), started, "nothing was taken up");
  await agent.watch(targets({ name: "b" }), 0);
  await eventually("all is well", () => own(refused) === 0);
  assert.ok(Number(own(time)) > Number(started));
});

test("whatever the changes: the last ones are watched, each by one connection, and no other", async (t) => {
  const { agent, open } = start(t, []);
  const written = fc.record({
    name: fc.constantFrom<string>("a", "b", "c", "d"),
    db: fc.constantFrom(0, 1),
    password: fc.constantFrom("p", "q"),
    minimum: fc.constantFrom(1, 2),
  });
  const state = fc.uniqueArray(written, { selector: ({ name }) => name, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(state, { minLength: 1, maxLength: 5 }), async (states) => {
      for (const wanted of states) {
        const configs = wanted.map(({ name, db, password, minimum }) => ({
          name,
          redis: { url: `redis://${name}`, db, password },
          workers: { minimum },
        }));
        await agent.watch(targets(...configs), 0);
        const names = wanted.map(({ name }) => name);
        assert.deepEqual(open().toSorted(), names.map((name) => `redis://${name}`).toSorted());
        const now = new Set(agent.collections().map(({ target }) => target));
        for (const name of now) assert.ok(name === undefined || names.includes(name), `${name} is still shown`);
      }
    }),
    { numRuns: 40 },
  );
});

test("an agent that ends while it changes leaves nothing open", async (t) => {
  const { agent, open, sidekiq } = start(t, targets({ name: "a" }, { name: "b" }));
  const never = Promise.withResolvers<never>();
  sidekiq.next = () => never.promise;
  await sleep(50);
  const change = agent.watch(targets({ name: "b", redis: "redis://b/1" }, { name: "c" }), 0);
  await agent.stop(AbortSignal.timeout(100));
  await change;
  assert.deepEqual(open(), []);
});

/** A queue with nothing in it. */
function queue(name: string) {
  return {
    queue: name,
    size: 0,
    latency: 0,
    latencyUncertainty: undefined,
    running: 0,
    longestRunning: 0,
    workers: 0,
    slots: 0,
    paused: false,
    payloadBytes: undefined,
    enqueuedSince: 0,
    dequeuedSince: 0,
  };
}

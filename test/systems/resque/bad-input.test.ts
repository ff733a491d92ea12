import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openWorld, type World } from "./world.ts";

let world: World;
before(async () => (world = await openWorld()));
after(() => world.stop());
beforeEach(async () => {
  world.nowMs = undefined;
  await world.clear();
});

const failure = (at: string, extra: object = {}) =>
  JSON.stringify({
    failed_at: at,
    payload: { class: "Mail", args: [at] },
    exception: "IOError",
    worker: "h:1:q",
    queue: "mail",
    ...extra,
  });

async function push(key: string, ...values: readonly string[]): Promise<void> {
  await world.server.cli(["RPUSH", key, ...values]);
}
const cli = (...args: readonly string[]) => world.server.cli(args);
const count = (groups: readonly { readonly count: number }[]) => groups.reduce((sum, group) => sum + group.count, 0);

test("failed_at in local zone abbreviations is no time to us: what is new is what was added", async () => {
  const reader = world.open();
  await push("resque:failed", failure("2026/11/21 22:42:07 EST"), failure("2026/11/21 22:42:08 IST"));
  assert.deepEqual((await world.read(reader)).failuresSince, []);
  await push("resque:failed", failure("2026/03/29 02:30:00 CET"), failure("Sat Nov 21 2026 22:42:14 GMT-0500 (EST)"));
  const { failuresSince, failures } = await world.read(reader);
  const group = { set: "failed", queue: "mail", jobClass: "Mail", errorType: "IOError" };
  assert.deepEqual(failuresSince, [{ ...group, count: 2 }]);
  assert.deepEqual(failures, [{ ...group, count: 4 }]);
});

test("entries that people requeue, edit, remove or clear are never counted as new", async () => {
  const reader = world.open();
  for (let index = 0; index < 20; index++) await push("resque:failed", failure(`a${index}`));
  await world.read(reader);
  await cli("LSET", "resque:failed", "19", failure("a19", { retried_at: "2026/11/21 22:50:00" }));
  assert.equal(count((await world.read(reader)).failuresSince), 0, "requeued");
  await cli("LSET", "resque:failed", "19", "");
  assert.equal(count((await world.read(reader)).failuresSince), 0, "being removed");
  await cli("LREM", "resque:failed", "1", "");
  assert.equal(count((await world.read(reader)).failuresSince), 0, "removed");
  await cli("LSET", "resque:failed", "3", "");
  await cli("LREM", "resque:failed", "1", "");
  await push("resque:failed", failure("b0"), failure("b1"));
  const mixed = await world.read(reader);
  assert.equal(count(mixed.failuresSince), 2, "one removed from the middle, two added");
  assert.equal(count(mixed.failures), 20);
  await cli("DEL", "resque:failed");
  assert.equal(count((await world.read(reader)).failuresSince), 0, "cleared");
  await push("resque:failed", failure("c0"));
  assert.equal(count((await world.read(reader)).failuresSince), 1);
  await cli("DEL", "resque:failed");
  await push("resque:failed", failure("d0"), failure("d1"), failure("d2"));
  assert.equal(count((await world.read(reader)).failuresSince), 3, "cleared and added to in one interval");
});

test("a burst of more failures than are read in one go is counted whole, the rest as other", async () => {
  const reader = world.open();
  await push("resque:failed", failure("first"));
  await world.read(reader);
  for (let page = 0; page < 6; page++)
    await push("resque:failed", ...Array.from({ length: 200 }, (_, index) => failure(`${page} ${index}`)));
  const { failuresSince, failures } = await world.read(reader);
  assert.equal(count(failuresSince), 1_200);
  assert.ok(failuresSince.some(({ queue }) => queue === "other"));
  assert.equal(count(failures), 1_201);
  assert.equal(count((await world.read(reader)).failuresSince), 0);
});

test("dirty exits are new failures although stat:failed does not move", async () => {
  const reader = world.open();
  await cli("MSET", "resque:stat:processed", "5", "resque:stat:failed", "1");
  await world.read(reader);
  await push("resque:failed", failure("x", { exception: "Resque::DirtyExit" }));
  const { jobs, failuresSince } = await world.read(reader);
  assert.deepEqual(jobs, { processed: 5, failed: 1 });
  assert.equal(failuresSince[0]?.errorType, "Resque::DirtyExit");
});

test("one failed list a queue (the multi-queue backend) counts as the single list does", async () => {
  const reader = world.open();
  await cli("SADD", "resque:failed_queues", "mail_failed");
  await push("resque:mail_failed", failure("a"));
  await world.read(reader);
  await cli("SADD", "resque:failed_queues", "import:csv_failed");
  await push("resque:import:csv_failed", failure("b", { queue: "import:csv" }));
  const { sets, failuresSince } = await world.read(reader);
  assert.equal(sets.find(({ set }) => set === "failed")?.size, 2);
  assert.deepEqual(
    failuresSince.map(({ queue, count: added }) => [queue, added]),
    [["import:csv", 1]],
  );
});

test("Date#toString times, ISO with offsets and epoch seconds all give the same age", async () => {
  const now = Date.parse("2026-11-22T03:45:00Z");
  world.nowMs = now;
  const times = ["2026-11-22T03:44:00Z", "2026-11-21T22:44:00-05:00", "Sat Nov 21 2026 22:44:00 GMT-0500 (EST)"];
  await cli("SADD", "resque:workers", ...times.map((_, index) => `h:${index + 1}:q${index}`));
  for (const [index, runAt] of times.entries())
    await cli(
      "SET",
      `resque:worker:h:${index + 1}:q${index}`,
      JSON.stringify({ queue: `q${index}`, run_at: runAt, payload: { class: "C", args: [] } }),
    );
  const { queues, classes } = await world.read(world.open());
  assert.deepEqual(
    queues.map(({ longestRunning }) => longestRunning),
    [60, 60, 60],
  );
  assert.deepEqual([classes[0]?.running, classes[0]?.longestRunning], [3, 60]);
});

test("ids with commas, globs and colons serve the queues that they mean", async () => {
  await cli("SADD", "resque:queues", "mail", "mailers", "import:csv", "low", ".hidden", "a b");
  await cli(
    "SADD",
    "resque:workers",
    "h:1:mail*",
    "h:2:import:csv,low",
    "h:3:*",
    "h:4:*,!mail*",
    "h:5:l?w,[a-b] b",
    "h:6:nobody",
  );
  const { queues, workers } = await world.read(world.open());
  assert.deepEqual(Object.fromEntries(queues.map((one) => [one.queue, one.workers])), {
    mail: 2,
    mailers: 2,
    "import:csv": 3,
    low: 4,
    ".hidden": 0,
    "a b": 3,
  });
  assert.equal(workers.active, 6, "no heartbeat at all: an old client, taken for living");
});

test("a hash where a list is expected is a problem, and hides nothing else", async () => {
  await cli("HSET", "resque:delayed:last_enqueued_at", "nightly", "2026-11-22 03:43:20 +0000");
  await cli("ZADD", "resque:delayed_queue_schedule", "1795318889", "last_enqueued_at", "1795318890", "1795318890");
  await push("resque:delayed:1795318890", "{}", "{}");
  await cli("HSET", "resque:queue:odd", "a", "b");
  await cli("SADD", "resque:queues", "odd", "fine");
  await push("resque:queue:fine", '{"class":"A","args":[1]}');
  const { sets, problems, queues } = await world.read(world.open());
  assert.equal(sets.find(({ set }) => set === "scheduled")?.size, 2);
  assert.equal(queues.find(({ queue }) => queue === "fine")?.size, 1);
  assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["REDIS_TYPE"]);
});

test("every key of another type: no crash, and each is named", async () => {
  for (const key of ["queues", "workers", "failed", "failed_queues", "delayed_queue_schedule", "workers:heartbeat"])
    await cli("SET", `resque:${key}`, "text");
  await push("resque:stat:processed", "list");
  await push("resque:pause-all-workers", "list");
  const { problems, queues } = await world.read(world.open());
  assert.deepEqual(queues, []);
  assert.ok(problems.length >= 7 && problems.every(({ code }) => code === "REDIS_TYPE"));
});

for (const [name, lock, options] of [
  ["resque-scheduler's, with the namespace twice", "resque:resque:resque_scheduler_master_lock", {}],
  ["one with a prefix of its own", "resque:resque:blue:resque_scheduler_master_lock", { schedulerLockPrefix: "blue" }],
  ["node-resque's", "resque:resque_scheduler_leader_lock", {}],
] as const)
  test(`the scheduler's lock: ${name}`, async () => {
    const reader = world.open(options);
    world.nowMs = 1_795_000_000_000;
    assert.equal((await world.read(reader)).schedulerUp, undefined, "none is to be expected");
    await cli("SET", lock, "h:1");
    assert.equal((await world.read(reader)).schedulerUp, true);
    await cli("DEL", lock);
    assert.equal((await world.read(reader)).schedulerUp, true, "it may have been handed over");
    world.nowMs += 180_000;
    assert.equal((await world.read(reader)).schedulerUp, false);
  });

test("totals that are no numbers, or fall, are given as they are or not at all", async () => {
  const reader = world.open();
  await cli("MSET", "resque:stat:processed", "100", "resque:stat:failed", "abc");
  assert.deepEqual((await world.read(reader)).jobs, { processed: 100, failed: undefined });
  await cli("MSET", "resque:stat:processed", "3", "resque:stat:failed", "-7");
  assert.deepEqual((await world.read(reader)).jobs, { processed: 3, failed: undefined });
  await cli("FLUSHALL");
  assert.deepEqual((await world.read(reader)).jobs, { processed: undefined, failed: undefined });
});

test("payloads that are no jobs are counted once, by queue and fault, and hide no neighbour", async () => {
  const reader = world.open();
  await cli("SADD", "resque:queues", "q");
  const tomorrow = Math.round(Date.now() / 1_000) + 3 * 86_400;
  await push(
    "resque:queue:q",
    "{not json",
    '"text"',
    '{"args":[1]}',
    `{"class":"A","args":[1],"enqueued_at":${tomorrow}}`,
  );
  const { invalidSince, queues } = await world.read(reader);
  assert.deepEqual(invalidSince, [
    { queue: "q", errorType: "malformed", count: 2 },
    { queue: "q", errorType: "no_class", count: 1 },
    { queue: "q", errorType: "absurd_time", count: 1 },
  ]);
  assert.equal(queues[0]?.size, 4);
  assert.deepEqual((await world.read(reader)).invalidSince, []);
});

test("a job from a clock that is ahead has no negative age, and the skew is said", async () => {
  await cli("SADD", "resque:queues", "q");
  const ahead = new Date(Date.now() + 60_000).toISOString();
  await push("resque:queue:q", `{"class":"W","args":[{"job_class":"J","job_id":"1","enqueued_at":"${ahead}"}]}`);
  const { queues, problems } = await world.read(world.open());
  assert.equal(queues[0]?.latency, 0);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["CLOCK_SKEW"],
  );
});

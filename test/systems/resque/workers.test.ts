import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openWorld, type World } from "./world.ts";

const start = Date.parse("2026-11-22T03:45:00Z");
let world: World;
before(async () => (world = await openWorld()));
after(() => world.stop());
beforeEach(async () => {
  world.nowMs = start;
  await world.clear();
});

const cli = (...args: readonly string[]) => world.server.cli(args);
const iso = (ms: number) => new Date(ms).toISOString();
const job = (jobClass: string) =>
  JSON.stringify({ queue: "q", run_at: iso(start), payload: { class: jobClass, args: [1] } });

async function ruby(id: string, beatMs: number): Promise<void> {
  await cli("SADD", "resque:workers", id);
  await cli("HSET", "resque:workers:heartbeat", id, iso(beatMs));
}

async function node(name: string, pingMs: number, queues = "q"): Promise<void> {
  await cli("SADD", "resque:workers", `${name}:${queues}`);
  await cli("SET", `resque:worker:ping:${name}`, JSON.stringify({ time: Math.round(pingMs / 1_000), name, queues }));
}

test("a worker is lost after three periods of its kind without a sign of life", async () => {
  await ruby("h:1:q", start - 180_000);
  await ruby("h:2:q", start - 181_000);
  await node("n:3", start - 15_000);
  await node("n:4", start - 16_000);
  const { active, lost, processes } = (await world.read(world.open())).workers;
  assert.deepEqual([active, lost], [2, 2]);
  assert.deepEqual(processes, [
    { host: "h", pid: 1 },
    { host: "n", pid: 3 },
  ]);
});

test("a heartbeat without a worker is a lost one, unless the worker is just about to register", async () => {
  await cli("HSET", "resque:workers:heartbeat", "h:1:q", iso(start - 61_000), "h:2:q", iso(start - 1_000));
  assert.equal((await world.read(world.open())).workers.lost, 1);
});

test("pause-all-workers makes Resque's workers quiet, not node-resque's, which do not know it", async () => {
  await cli("SADD", "resque:queues", "q", "n");
  await ruby("h:1:q", start);
  await node("x:2", start, "n");
  await cli("SET", "resque:pause-all-workers", " True ");
  const { workers, queues } = await world.read(world.open());
  assert.deepEqual([workers.active, workers.quiet], [1, 1]);
  assert.deepEqual(
    queues.map(({ queue, paused, workers: serving }) => [queue, paused, serving]),
    [
      ["n", false, 1],
      ["q", true, 0],
    ],
  );
});

test("appearing, leaving cleanly and getting lost are counted, once each; not what was there at first", async () => {
  const reader = world.open();
  await ruby("h:1:q", start);
  await ruby("h:2:q", start);
  const moves = async () => {
    const { startedSince, stoppedSince, lostSince } = (await world.read(reader)).workers;
    return [startedSince, stoppedSince, lostSince];
  };
  assert.deepEqual(await moves(), [0, 0, 0]);
  await ruby("h:3:q", start);
  assert.deepEqual(await moves(), [1, 0, 0]);
  await cli("SREM", "resque:workers", "h:3:q");
  await cli("HDEL", "resque:workers:heartbeat", "h:3:q");
  assert.deepEqual(await moves(), [0, 0, 0]);
  assert.deepEqual(await moves(), [0, 1, 0]);
  world.nowMs = start + 181_000;
  await ruby("h:2:q", world.nowMs);
  assert.deepEqual(await moves(), [0, 0, 1]);
  assert.deepEqual(await moves(), [0, 0, 0]);
});

test("a node-resque worker of all queues that comes back under another id has neither left nor started", async () => {
  const reader = world.open();
  await node("n:1", start, "a");
  await world.read(reader);
  await cli("SREM", "resque:workers", "n:1:a");
  await cli("DEL", "resque:worker:ping:n:1");
  await world.read(reader);
  await node("n:1", start, "a,b");
  const { workers } = await world.read(reader);
  assert.deepEqual([workers.startedSince, workers.stoppedSince, workers.active], [0, 0, 1]);
});

test("several workers of one node process are one process; a name need not be host and pid", async () => {
  await node("n:7+1", start);
  await node("n:7+2", start);
  await node("some-name", start, "import:csv,q");
  await cli("SADD", "resque:queues", "import:csv", "q");
  const { workers, queues } = await world.read(world.open());
  assert.deepEqual(workers.processes, [{ host: "n", pid: 7 }]);
  assert.deepEqual(
    queues.map((one) => one.workers),
    [1, 3],
  );
});

test("node-resque counts successes, Resque attempts; where both share a namespace that is said", async () => {
  await cli("MSET", "resque:stat:processed", "30", "resque:stat:failed", "11");
  const reader = world.open();
  await node("n:1", start);
  assert.deepEqual((await world.read(reader)).jobs, { processed: 41, failed: 11 });
  await ruby("h:1:q", start);
  const mixed = await world.read(reader);
  assert.deepEqual(mixed.jobs, { processed: 30, failed: 11 });
  assert.deepEqual(
    mixed.problems.map(({ code }) => code),
    ["TOTALS_MIXED"],
  );
});

test("what was seen of the programs is kept over a restart, when no worker is left to tell", async () => {
  await cli("MSET", "resque:stat:processed", "30", "resque:stat:failed", "11");
  await node("n:1", start);
  const first = world.open();
  await world.read(first);
  await cli("DEL", "resque:workers");
  const second = world.open();
  second.restore(JSON.parse(JSON.stringify(first.save())));
  assert.equal((await world.read(second)).jobs.processed, 41);
});

test("a job in the hands of a killed worker is presumed lost after the grace, once", async () => {
  const reader = world.open();
  await ruby("h:1:q", start);
  await cli("SET", "resque:worker:h:1:q", job("Long"));
  const lost = [];
  for (let minute = 0; minute < 15; minute++) {
    world.nowMs = start + minute * 60_000;
    const { lostJobsSince } = await world.read(reader);
    if (lostJobsSince.length > 0) lost.push([minute, ...lostJobsSince]);
  }
  assert.deepEqual(lost, [[7, { jobClass: "Long", count: 1 }]], "lost after 180 s, presumed so after 180 s more");
});

test("a job whose worker is silent twice is counted once; over a restart of the agent, too", async () => {
  let reader = world.open();
  const id = "h:1:q";
  await ruby(id, start);
  await cli("SET", `resque:worker:${id}`, job("Blocking"));
  const lost = [];
  for (let minute = 0; minute < 40; minute++) {
    world.nowMs = start + minute * 60_000;
    const speaks = minute === 10 || minute === 11 || minute === 24;
    if (speaks) await cli("HSET", "resque:workers:heartbeat", id, iso(world.nowMs));
    if (minute === 25) {
      const again = world.open();
      again.restore(JSON.parse(JSON.stringify(reader.save())));
      reader = again;
    }
    const { lostJobsSince } = await world.read(reader);
    if (lostJobsSince.length > 0) lost.push([minute, ...lostJobsSince]);
  }
  assert.deepEqual(lost, [[7, { jobClass: "Blocking", count: 1 }]]);
});

test("no false alarm: a pruned worker, a clean stop, a job that ended, a worker that came back, an old loss", async () => {
  const reader = world.open();
  const ids = ["h:1:pruned", "h:2:stopped", "h:3:ended", "h:4:back"];
  for (const id of ids) {
    await ruby(id, start);
    await cli("SET", `resque:worker:${id}`, job("Long"));
  }
  await ruby("h:5:old", start - 3_600_000);
  await cli("SET", "resque:worker:h:5:old", job("Old"));
  const step = async (seconds: number) => {
    world.nowMs = start + seconds * 1_000;
    assert.deepEqual((await world.read(reader)).lostJobsSince, []);
  };
  await step(0);
  await cli("SREM", "resque:workers", "h:2:stopped");
  await cli("DEL", "resque:worker:h:2:stopped");
  await cli("HDEL", "resque:workers:heartbeat", "h:2:stopped");
  await step(200);
  await cli("DEL", "resque:worker:h:3:ended");
  await cli("HSET", "resque:workers:heartbeat", "h:4:back", iso(start + 230_000));
  await step(240);
  await cli("SREM", "resque:workers", "h:1:pruned");
  await cli("DEL", "resque:worker:h:1:pruned");
  await cli("HDEL", "resque:workers:heartbeat", "h:1:pruned");
  for (let seconds = 310; seconds < 900; seconds += 60) {
    await cli("HSET", "resque:workers:heartbeat", "h:4:back", iso(start + seconds * 1_000));
    await step(seconds);
  }
});

test("a loss that was counted is not counted again after a restart", async () => {
  const first = world.open();
  await ruby("h:1:q", start);
  await cli("SET", "resque:worker:h:1:q", job("Long"));
  for (const seconds of [0, 200, 400]) {
    world.nowMs = start + seconds * 1_000;
    await world.read(first);
  }
  const state = JSON.parse(JSON.stringify(first.save()));
  const second = world.open();
  second.restore(state);
  for (const seconds of [415, 800]) {
    world.nowMs = start + seconds * 1_000;
    assert.deepEqual((await world.read(second)).lostJobsSince, []);
  }
});

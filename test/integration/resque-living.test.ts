import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Queue } from "node-resque";
import type { Reader, Snapshot } from "../../src/systems/system.ts";
import { openWorld, type World } from "../systems/resque/world.ts";

// A living node-resque, workers and scheduler of their own processes, against a real redis-server; the truth is what the
// test itself asked them to do.

const program = fileURLToPath(new URL("resque-worker.mjs", import.meta.url));
let world: World;
let reader: Reader;
let queue: Queue;
const children: ChildProcess[] = [];

async function start(...args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, String(world.server.port), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

async function until(what: string, done: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const snapshot = await world.read(reader);
    if (done(snapshot)) return snapshot;
    assert.ok(Date.now() < deadline, `not seen: ${what}`);
    await sleep(100);
  }
}

const sizeOf = (snapshot: Snapshot, name: string) => snapshot.queues.find((one) => one.queue === name)?.size ?? 0;

before(async () => {
  world = await openWorld();
  reader = world.open();
  const connection = { host: "127.0.0.1", port: world.server.port, namespace: "resque", options: { password: "" } };
  queue = new Queue({ connection });
  await queue.connect();
  await world.read(reader);
});

after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await queue.end();
  await world.stop();
});

test("jobs that wait, with a latency between its bounds", async () => {
  const pushed = Date.now();
  for (let index = 0; index < 25; index++) await queue.enqueue("busy", "quick", [index]);
  const pushedBy = Date.now();
  await sleep(300);
  const snapshot = await world.read(reader);
  const now = snapshot.takenAtMs;
  const state = snapshot.queues.find((one) => one.queue === "busy");
  assert.equal(state?.size, 25);
  assert.equal(state.enqueuedSince, 25);
  assert.ok(state.latency !== undefined && state.latencyUncertainty !== undefined);
  const [low, high] = [state.latency - state.latencyUncertainty, state.latency + state.latencyUncertainty];
  assert.ok(low <= (now - pushed) / 1_000 && high >= (now - pushedBy) / 1_000, `${low} to ${high}`);
});

test("work done and work that failed", async () => {
  await queue.enqueue("busy", "broken", ["x"]);
  await queue.enqueue("busy", "missing", ["y"]);
  await world.read(reader);
  await start("worker", "busy,long");
  const done = await until(
    "the queue done",
    (snapshot) => sizeOf(snapshot, "busy") === 0 && snapshot.jobs.processed === 27,
  );
  assert.deepEqual(done.jobs, { processed: 27, failed: 2 }, "attempts: 25 ended well, 2 failed");
  const failed = done.failures.map(({ jobClass, errorType, count }) => `${jobClass} ${errorType} ${count}`);
  assert.deepEqual(failed.toSorted(), ["broken TypeError 1", "missing Error 1"]);
  assert.equal(done.workers.active, 1);
  assert.equal(done.queues.find((one) => one.queue === "busy")?.workers, 1);
});

test("a delayed job: scheduled, overdue without a scheduler, moved by one that holds its lock", async () => {
  await queue.enqueueIn(800, "busy", "quick", ["later"]);
  await queue.enqueueIn(3_600_000, "busy", "quick", ["much later"]);
  const set = (snapshot: Snapshot) => snapshot.sets.find((one) => one.set === "scheduled");
  assert.equal(set(await world.read(reader))?.size, 2);
  const late = await until("it overdue", (snapshot) => set(snapshot)?.overdue === 1);
  assert.equal(late.schedulerUp, undefined, "not long enough to tell");
  const scheduler = await start("scheduler");
  const moved = await until("it moved", (snapshot) => set(snapshot)?.size === 1 && snapshot.jobs.processed === 28);
  assert.deepEqual([set(moved)?.overdue, set(moved)?.lag, moved.schedulerUp], [0, 0, true]);
  scheduler.kill("SIGTERM");
  await once(scheduler, "exit");
});

test("a worker that is killed with a job in its hands is lost, and after the grace so is the job", async () => {
  const doomed = await start("worker", "doomed");
  await queue.enqueue("doomed", "slow", [600_000]);
  await until("the job running", (snapshot) => snapshot.classes.some(({ jobClass }) => jobClass === "slow"));
  doomed.kill("SIGKILL");
  await once(doomed, "exit");
  // The agent's view of the server's clock goes ahead, so that nobody has to wait; the one that lives goes on pinging.
  const running = await world.read(reader);
  assert.deepEqual([running.workers.active, running.workers.lost], [2, 0]);
  world.nowMs = Date.now() + 14_000;
  const killed = await until("it lost", (snapshot) => {
    world.nowMs = (world.nowMs ?? 0) + 1_000;
    return snapshot.workers.lost > 0;
  });
  assert.ok(killed.workers.lostSince >= 1);
  assert.deepEqual(killed.lostJobsSince, []);
  assert.equal(killed.queues.find((one) => one.queue === "doomed")?.running, 0);
  world.nowMs += 180_000;
  assert.deepEqual((await world.read(reader)).lostJobsSince, [{ jobClass: "slow", count: 1 }]);
  world.nowMs = undefined;
});

test("a worker that stops cleanly has left, and nothing is lost", async () => {
  const worker = await start("worker", "calm");
  await until("it there", (snapshot) => snapshot.workers.processes.some(({ pid }) => pid === worker.pid));
  worker.kill("SIGTERM");
  await once(worker, "exit");
  let [stopped, lost] = [0, 0];
  await until("it gone", (snapshot) => {
    stopped += snapshot.workers.stoppedSince;
    lost += snapshot.workers.lostSince + snapshot.lostJobsSince.length;
    return stopped > 0;
  });
  assert.deepEqual([stopped, lost], [1, 0]);
});

test("the reader was refused nothing, as a user who may only read the namespace", async () => {
  const stats = await world.server.cli(["ACL", "LOG"]);
  assert.equal(stats.trim(), "", "no command was refused");
});

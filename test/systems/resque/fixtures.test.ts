import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { resque } from "../../../src/systems/resque/system.ts";
import type { Snapshot } from "../../../src/systems/system.ts";
import { fixture, openWorld, type Facts, type World } from "./world.ts";

const pictures = [
  {
    name: "resque-3.0.0",
    lostAfter: 180,
    title: "Resque (heartbeats seen)",
    attempts: (facts: Facts) => facts.processed,
  },
  {
    name: "node-resque-9.7.1",
    lostAfter: 15,
    title: "node-resque (its key seen)",
    attempts: (facts: Facts) => facts.processed + facts.failed,
  },
];

for (const { name, lostAfter, title, attempts } of pictures)
  describe(name, () => {
    let world: World;
    let facts: Facts;
    let snapshot: Snapshot;

    before(async () => {
      world = await openWorld();
      const picture = await fixture(name);
      facts = picture.facts;
      await world.load(picture.commands);
      world.nowMs = facts.captured_at * 1_000;
      snapshot = await world.read(world.open());
    });
    after(() => world.stop());

    const alive = () => facts.workers.filter((worker) => (worker.heartbeat_age ?? worker.ping_age ?? 0) <= lostAfter);

    test("is recognised", async () => {
      const found = await resque.detect(world.redis, "resque:", AbortSignal.timeout(10_000));
      assert.deepEqual(found, { system: "resque", prefix: "resque:", title });
      assert.equal(await resque.detect(world.redis, "other:", AbortSignal.timeout(10_000)), undefined);
    });

    test("every queue with its size", () => {
      const sizes = facts.queues.map(({ name: queue, size }) => [queue, size]);
      assert.deepEqual(
        Object.fromEntries(snapshot.queues.map(({ queue, size }) => [queue, size])),
        Object.fromEntries(sizes),
      );
    });

    test("latency exact where the payload tells, 0 when empty, and nothing else at the first read", () => {
      for (const { name: queue, size, oldest_enqueued_at_iso: oldest } of facts.queues) {
        const state = snapshot.queues.find((one) => one.queue === queue);
        const exact = oldest === null ? undefined : facts.captured_at - Date.parse(oldest) / 1_000;
        const wanted = size === 0 ? 0 : exact;
        if (wanted === undefined) assert.equal(state?.latency, undefined, queue);
        else assert.ok(Math.abs((state?.latency ?? Infinity) - wanted) < 0.001, `${queue}: ${state?.latency}`);
        assert.equal(state?.latencyUncertainty, undefined);
      }
    });

    test("attempts and failures", () => {
      assert.deepEqual(snapshot.jobs, { processed: attempts(facts), failed: facts.failed });
    });

    test("the failed list with its composition; nothing in it is new", () => {
      const set = snapshot.sets.find((one) => one.set === "failed");
      assert.deepEqual(set, { set: "failed", size: facts.failed_total, overdue: undefined, lag: undefined });
      const by = (key: "queue" | "jobClass" | "errorType") => {
        const counts: Record<string, number> = {};
        for (const group of snapshot.failures) counts[group[key]] = (counts[group[key]] ?? 0) + group.count;
        return counts;
      };
      assert.deepEqual(by("queue"), facts.failed_by_queue);
      assert.deepEqual(by("jobClass"), facts.failed_by_class);
      assert.deepEqual(by("errorType"), facts.failed_by_exception);
      assert.deepEqual(snapshot.failuresSince, []);
    });

    test("delayed jobs, not timestamps, with those overdue", () => {
      const set = snapshot.sets.find((one) => one.set === "scheduled");
      const due = Object.entries(facts.delayed.by_timestamp).filter(([at]) => Number(at) <= facts.captured_at);
      assert.equal(due.length, facts.delayed.due_timestamps);
      assert.equal(set?.size, facts.delayed.jobs);
      assert.equal(
        set.overdue,
        due.reduce((sum, [, jobs]) => sum + jobs, 0),
      );
      const lag = facts.captured_at - Math.min(...due.map(([at]) => Number(at)));
      assert.ok(Math.abs((set.lag ?? 0) - lag) < 0.001);
    });

    test("a scheduler that was killed is down once its lock has been away for as long as it lives", async () => {
      const lag = snapshot.sets.find((one) => one.set === "scheduled")?.lag ?? 0;
      assert.equal(snapshot.schedulerUp, lag >= 180 ? false : undefined);
      const reader = world.open();
      await world.read(reader);
      world.nowMs = facts.captured_at * 1_000 + 180_000;
      assert.equal((await world.read(reader)).schedulerUp, false);
      world.nowMs = facts.captured_at * 1_000;
    });

    test("workers alive and lost", () => {
      const { active, quiet, lost } = snapshot.workers;
      assert.deepEqual([active, quiet, lost], [alive().length, 0, facts.workers.length - alive().length]);
      assert.deepEqual(snapshot.lostJobsSince, []);
      const age = Math.max(...alive().map((worker) => worker.heartbeat_age ?? worker.ping_age ?? 0));
      const seen = Math.max(...snapshot.workers.hosts.map(({ heartbeatAge }) => heartbeatAge ?? 0));
      assert.ok(Math.abs(seen - age) < 0.2, `${seen} for ${age}`);
    });

    test("what the living ones execute, by queue and class", () => {
      const jobs = alive().flatMap(({ job }) => (job ? [job] : []));
      for (const { queue, running, longestRunning } of snapshot.queues) {
        const own = jobs.filter((job) => job.queue === queue);
        assert.equal(running, own.length, queue);
        const longest = Math.max(0, ...own.map(({ run_at_raw: at }) => facts.captured_at - Date.parse(at) / 1_000));
        assert.ok(Math.abs(longestRunning - longest) < 0.001, `${queue}: ${longestRunning} for ${longest}`);
      }
      const classes = Object.groupBy(jobs, (job) => job.class);
      const wanted = Object.entries(classes).map(([jobClass, some]) => [jobClass, some?.length]);
      assert.deepEqual(
        Object.fromEntries(snapshot.classes.map(({ jobClass, running }) => [jobClass, running])),
        Object.fromEntries(wanted),
      );
    });

    test("workers of each queue, by name", () => {
      for (const { queue, workers } of snapshot.queues)
        assert.equal(workers, alive().filter((worker) => worker.queues.includes(queue)).length, queue);
    });

    test("nothing was odd", () => {
      assert.deepEqual(snapshot.problems, []);
      assert.deepEqual(snapshot.invalidSince, []);
    });

    test("a second read changes nothing", async () => {
      const reader = world.open();
      const first = await world.read(reader);
      assert.deepEqual(await world.read(reader), first);
    });
  });

test("resque-scheduler's schedules: one by its interval, the other never ran and is not due", async () => {
  const world = await openWorld();
  const { commands, facts } = await fixture("resque-3.0.0");
  await world.load(commands);
  world.nowMs = facts.captured_at * 1_000;
  const reader = world.open();
  const { schedules } = await world.read(reader);
  assert.equal(schedules.length, 1);
  const [every] = schedules;
  const wanted = facts.captured_at - Date.parse("2026-11-22T03:43:20Z") / 1_000 - 60;
  assert.ok(every?.schedule === "every_minute" && Math.abs(every.overdue - wanted) < 0.001);
  await world.stop();
});

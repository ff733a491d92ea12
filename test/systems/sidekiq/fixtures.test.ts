import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sidekiq } from "../../../src/systems/sidekiq/system.ts";
import type { Snapshot } from "../../../src/systems/system.ts";
import { fixture, openWorld, type Facts, type FactsOfProcess, type World } from "./world.ts";

const pictures = [
  { name: "sidekiq-6.4.1", lostAfter: 15, title: "Sidekiq 6" },
  { name: "sidekiq-7.0.9", lostAfter: 30, title: "Sidekiq 7.0.9" },
  { name: "sidekiq-7.3.2", lostAfter: 30, title: "Sidekiq 7.3.2" },
  { name: "sidekiq-8.1.7", lostAfter: 30, title: "Sidekiq 8.1.7" },
];

const near = (said: number | undefined, truth: number, what: string) =>
  assert.ok(said !== undefined && Math.abs(said - truth) < 0.011, `${what}: ${said} for ${truth}`);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

for (const { name, lostAfter, title } of pictures)
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

    const isLost = (process: FactsOfProcess) => process.state === "gone" || (process.beat_age ?? Infinity) > lostAfter;
    const alive = () => facts.processes.filter((process) => !isLost(process));
    const queue = (wanted: string) => snapshot.queues.find((one) => one.queue === wanted);

    test("is recognised", async () => {
      const found = await sidekiq.detect(world.redis, "", AbortSignal.timeout(10_000));
      assert.deepEqual(found, { system: "sidekiq", prefix: "", title });
      assert.equal(await sidekiq.detect(world.redis, "other:", AbortSignal.timeout(10_000)), undefined);
    });

    test("every queue with its size and latency", () => {
      const sizes = facts.queues.map((one) => [one.name, one.size]);
      assert.deepEqual(
        Object.fromEntries(snapshot.queues.map((one) => [one.queue, one.size])),
        Object.fromEntries(sizes),
      );
      for (const one of facts.queues) {
        near(queue(one.name)?.latency, one.latency, one.name);
        assert.equal(queue(one.name)?.latencyUncertainty, undefined);
        assert.equal(queue(one.name)?.paused, false);
      }
    });

    test("attempts and failures", () => {
      assert.deepEqual(snapshot.jobs, { processed: facts.processed, failed: facts.failed });
    });

    test("sets", () => {
      const size = (set: string) => snapshot.sets.find((one) => one.set === set);
      for (const set of ["scheduled", "retry"] as const) {
        assert.equal(size(set)?.size, facts[set].size);
        assert.equal(size(set)?.overdue, facts[set].due);
        if (facts[set].due === 0) assert.equal(size(set)?.lag, 0);
      }
      assert.deepEqual(size("dead"), { set: "dead", size: facts.dead.size, overdue: undefined, lag: undefined });
    });

    test("retry and dead by queue, class and error; nothing in them is new", () => {
      for (const set of ["retry", "dead"] as const) {
        const by = (key: "queue" | "jobClass" | "errorType") => {
          const counts: Record<string, number> = {};
          for (const group of snapshot.failures)
            if (group.set === set) counts[group[key]] = (counts[group[key]] ?? 0) + group.count;
          return counts;
        };
        assert.deepEqual(by("queue"), facts[set].by_queue);
        assert.deepEqual(by("jobClass"), facts[set].by_class);
        assert.deepEqual(by("errorType"), facts[set].by_error);
      }
      assert.deepEqual(snapshot.failuresSince, []);
    });

    test("processes active, quiet and lost", () => {
      const { active, quiet, lost, versions, processes } = snapshot.workers;
      const quietOnes = alive().filter(({ state }) => state === "quiet").length;
      assert.deepEqual(
        [active, quiet, lost],
        [alive().length - quietOnes, quietOnes, facts.processes.filter(isLost).length],
      );
      const told = facts.version.startsWith("6") ? [] : [{ version: facts.version, count: alive().length }];
      assert.deepEqual(versions, told);
      assert.deepEqual(
        processes.map(({ host, pid }) => `${host} ${pid}`).toSorted(),
        alive()
          .map(({ hostname, pid }) => `${hostname} ${pid}`)
          .toSorted(),
      );
    });

    test("their host: slots, busy, memory, heartbeat, round trip", () => {
      assert.equal(snapshot.workers.hosts.length, 1);
      const [host] = snapshot.workers.hosts;
      const of = (key: "concurrency" | "busy" | "rss_kb") => sum(alive().map((process) => process[key] ?? 0));
      assert.deepEqual([host?.slots, host?.busy, host?.memory], [of("concurrency"), of("busy"), of("rss_kb") * 1_024]);
      near(host?.heartbeatAge, Math.max(...alive().map((process) => process.beat_age ?? 0)), "heartbeat");
      near(host?.redisRtt, Math.max(...alive().map((process) => process.rtt_us ?? 0)) / 1e6, "round trip");
    });

    test("what the living ones execute, by queue and class", () => {
      const ids = new Set(alive().map(({ identity }) => identity));
      const work = facts.work.filter(({ process }) => ids.has(process));
      assert.ok(work.length > 0);
      for (const one of snapshot.queues) {
        const own = work.filter((job) => job.queue === one.queue);
        assert.equal(one.running, own.length, one.queue);
        near(one.longestRunning, Math.max(0, ...own.map(({ age }) => age)), one.queue);
      }
      const running = snapshot.classes.filter((one) => one.running > 0).map((one) => [one.jobClass, one.running]);
      const wanted = [...Map.groupBy(work, (job) => job.class)].map(([jobClass, some]) => [jobClass, some.length]);
      assert.deepEqual(Object.fromEntries(running), Object.fromEntries(wanted));
    });

    test("workers and slots of each queue; quiet ones take nothing", () => {
      const active = alive().filter(({ state }) => state === "running");
      for (const { queue: served, workers, slots } of snapshot.queues) {
        const own = active.filter(({ queues }) => queues?.includes(served));
        assert.equal(workers, own.length, served);
        const capsules = own.flatMap((one) =>
          one.capsules
            ? Object.values(one.capsules).filter(({ weights }) => served in weights)
            : [{ concurrency: (one.concurrency ?? 0) - Math.max(0, (one.weights?.length ?? 1) - 1) }],
        );
        assert.equal(slots, sum(capsules.map(({ concurrency }) => concurrency)), served);
      }
    });

    test("classes start from now, or from all that is there", async () => {
      for (const one of snapshot.classes)
        assert.deepEqual([one.processedSince ?? 0, one.failedSince ?? 0], [0, 0], one.jobClass);
      const past = await world.read(world.open({ includePast: true }));
      const counted = past.classes
        .filter(({ processedSince }) => processedSince !== undefined)
        .map((one) => [
          one.jobClass,
          { p: one.processedSince, f: one.failedSince, ms: Math.round((one.durationSince?.sum ?? 0) * 1_000) },
        ]);
      assert.deepEqual(Object.fromEntries(counted), facts.metrics_by_class ?? {});
      for (const { jobClass, durationSince, processedSince = 0, failedSince = 0 } of past.classes)
        assert.equal(sum(durationSince?.counts ?? []), processedSince - failedSince, jobClass);
    });

    test("nothing was odd", () => {
      assert.deepEqual(snapshot.problems, []);
      assert.deepEqual(snapshot.invalidSince, []);
      assert.deepEqual(snapshot.lostJobsSince, []);
      assert.equal(snapshot.schedulerUp, undefined);
    });

    test("a second read changes nothing, nor does a restart", async () => {
      const reader = world.open();
      const first = await world.read(reader);
      assert.deepEqual(await world.read(reader), first);
      const restarted = world.open();
      restarted.restore(JSON.parse(JSON.stringify(reader.save())));
      assert.deepEqual(await world.read(restarted), first);
      assert.doesNotMatch(JSON.stringify(reader.save()), /"args/);
    });
  });

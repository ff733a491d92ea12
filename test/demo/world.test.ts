import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startStandIn } from "../../src/demo/redis-server.ts";
import { createWorld, type World } from "../../src/demo/world.ts";
import { incidentKinds } from "../../src/demo/world/incidents.ts";
import { openRedis } from "../../src/redis/client.ts";
import { sidekiq } from "../../src/systems/sidekiq/system.ts";
import type { Snapshot } from "../../src/systems/system.ts";
import { redisConfig } from "../systems/resque/world.ts";

const startMs = Date.UTC(2026, 10, 23, 9, 30);

/** Everything in the database, as text. */
function contents({ database }: World): string {
  return [...database.keys()]
    .map((key) => {
      const { string, list, set, zset, hash } = database.content(key) ?? {};
      const value = [
        string?.toString("latin1"),
        list && [...list.range(0, list.length)],
        set && [...set],
        zset?.slice(0, zset.size),
        hash && [...hash],
      ];
      return JSON.stringify([key, value]);
    })
    .toSorted()
    .join("\n");
}

/** Lets a world run, and reads it over the wire at each step. */
async function follow(
  world: World,
  { stepMs, steps }: { stepMs: number; steps: number },
  look: (snapshot: Snapshot) => void,
): Promise<void> {
  const standIn = await startStandIn({ now: () => world.now(), database: world.database });
  const redis = openRedis(redisConfig(standIn.url));
  const reader = sidekiq.open(redis, { prefix: "", namedQueues: [], schedules: {}, includePast: false });
  try {
    for (let step = 0; step <= steps; step++) {
      world.advance(startMs + step * stepMs);
      look(await reader.read(AbortSignal.timeout(20_000)));
    }
  } finally {
    redis.close();
    await standIn.close();
  }
}

/** Everything that a snapshot says against what the world knows. */
function compare(snapshot: Snapshot, world: World, at: string): void {
  const { queues, sets, jobs, workers, hosts } = world.truth();
  const said = snapshot.queues.map(({ queue, size, latency = 0, running, workers: serving, slots }) => {
    return { queue, size, latency: Math.round(latency * 1_000), running, workers: serving, slots };
  });
  const wanted = queues.map((queue) => ({ ...queue, latency: Math.round(queue.latency * 1_000) }));
  assert.deepEqual(sorted(said), sorted(wanted), at);
  for (const { set, size, overdue } of snapshot.sets) {
    assert.ok(set !== "failed");
    assert.equal(size, sets[set].size, `${set} ${at}`);
    if (set !== "dead") assert.equal(overdue, sets[set].overdue, `${set} overdue ${at}`);
  }
  assert.deepEqual(snapshot.jobs, jobs, at);
  const { active, quiet, lost } = snapshot.workers;
  assert.deepEqual({ active, quiet, lost }, workers, at);
  const byHost = snapshot.workers.hosts.map(({ host, slots, busy }) => [host, { slots, busy }] as const);
  assert.deepEqual(new Map(byHost), hosts, at);
  const other = snapshot.problems.filter(({ code }) => code !== "PAYLOAD_INVALID");
  assert.deepEqual(other, [], at);
}

interface Counted {
  readonly processed: number;
  readonly failed: number;
  readonly ms: number;
  readonly succeeded: number;
}

function sumOf(before: Counted, { processedSince, failedSince, durationSince }: Snapshot["classes"][number]): Counted {
  assert.ok(processedSince !== undefined && failedSince !== undefined && durationSince !== undefined);
  return {
    processed: before.processed + processedSince,
    failed: before.failed + failedSince,
    ms: before.ms + Math.round(1_000 * durationSince.sum),
    succeeded: before.succeeded + durationSince.counts.reduce((sum, count) => sum + count, 0),
  };
}

/** Adds up what snapshots say of classes, against what the world has written since now. */
function classCounter(world: World) {
  const atFirst = world.truth().classes;
  const counted = new Map<string, Counted>();
  const none = { processed: 0, failed: 0, ms: 0, succeeded: 0 };
  return {
    compare: ({ classes }: Snapshot, at: string): void => {
      for (const state of classes) counted.set(state.jobClass, sumOf(counted.get(state.jobClass) ?? none, state));
      for (const [jobClass, now] of world.truth().classes) {
        const before = atFirst.get(jobClass) ?? none;
        const [processed, failed] = [now.processed - before.processed, now.failed - before.failed];
        const wanted = { processed, failed, ms: now.ms - before.ms, succeeded: processed - failed };
        assert.deepEqual(counted.get(jobClass) ?? none, wanted, `${jobClass} ${at}`);
      }
    },
  };
}

describe("the demo's world", () => {
  test("is the same for the same seed, however it is advanced, and another for another", () => {
    const [whole, steps, other] = ["a", "a", "b"].map((seed) => createWorld({ seed, startMs }));
    assert.ok(whole && steps && other);
    for (let atMs = startMs; atMs < startMs + 400_000; atMs += 777) steps.advance(atMs);
    for (const world of [whole, steps, other]) world.advance(startMs + 400_000);
    assert.deepEqual(whole.truth(), steps.truth());
    assert.equal(contents(whole), contents(steps));
    assert.deepEqual(whole.incidents(), steps.incidents());
    assert.notDeepEqual(whole.truth(), other.truth());
  });

  test("does not run backwards", () => {
    const world = createWorld({ seed: "a", startMs, pastMs: 1_000 });
    world.advance(startMs + 5_000);
    world.advance(startMs);
    assert.equal(world.now(), startMs + 5_000);
  });

  test("is read as it is, through deploy, poison, kill -9, flood and recovery", async () => {
    const world = createWorld({ seed: "truth", startMs });
    const counted = classCounter(world);
    const seen = { lost: 0, quiet: 0, flooded: 0, overdue: 0 };
    await follow(world, { stepMs: 4_700, steps: 130 }, (snapshot) => {
      const at = `after ${(world.now() - startMs) / 1_000} s`;
      compare(snapshot, world, at);
      counted.compare(snapshot, at);
      const { queues, sets, workers } = world.truth();
      seen.lost = Math.max(seen.lost, workers.lost);
      seen.quiet += workers.quiet;
      seen.overdue += sets.retry.overdue;
      seen.flooded = Math.max(seen.flooded, queues.filter(({ size }) => size > 800).length);
    });
    assert.equal(seen.lost, 1);
    assert.ok(seen.quiet > 0);
    assert.ok(seen.overdue > 0);
    assert.ok(seen.flooded >= 3, String(seen.flooded));
  });

  test("tells of poison and of lost jobs", async () => {
    const world = createWorld({ seed: "poison", startMs });
    let [lost, failed] = [0, 0];
    await follow(world, { stepMs: 10_000, steps: 32 }, ({ lostJobsSince, failuresSince }) => {
      lost += lostJobsSince.reduce((sum, { count }) => sum + count, 0);
      const poisoned = failuresSince.filter(({ errorType }) => errorType === "JSON::ParserError");
      failed += poisoned.reduce((sum, { count }) => sum + count, 0);
    });
    assert.ok(failed > 50, String(failed));
    assert.ok(lost > 0, String(lost));
  });

  test("lets everything go wrong within seven minutes, the first thing within half a minute", () => {
    for (const seed of ["1", "2", "3"]) {
      const world = createWorld({ seed, startMs, pastMs: 30_000 });
      world.advance(startMs + 30_000);
      assert.equal(world.incidents().length, 1);
      world.advance(startMs + 430_000);
      assert.deepEqual(
        world.incidents().map(({ kind }) => kind),
        incidentKinds,
      );
    }
  });

  test("recovers, and does not grow for ever", () => {
    const world = createWorld({ seed: "long", startMs });
    world.advance(startMs + 590_000);
    const early = world.truth();
    world.advance(startMs + 2_390_000);
    const late = world.truth();
    const waiting = ({ queues }: typeof early) => queues.reduce((sum, { size }) => sum + size, 0);
    assert.ok(waiting(late) < 1_000, String(waiting(late)));
    assert.ok(late.jobs.processed > 2 * early.jobs.processed);
    assert.equal(late.workers.active, 7);
  });

  test("has nights and days, as long as one wishes", () => {
    // A day of ten minutes that began and will end at nine; nothing goes wrong before the start.
    const { database } = createWorld({ seed: "day", startMs, dayMs: 600_000, pastMs: 600_000 });
    const minutes = Array.from({ length: 10 }, (_, minute) => {
      const bucket = database.read(`j|261123|9:${20 + minute}`, "hash") ?? new Map<string, string>();
      return [...bucket].reduce((sum, [field, count]) => sum + (field.endsWith("|p") ? Number(count) : 0), 0);
    });
    const [afternoon = 0, night = 0] = [minutes[2], minutes[7]];
    assert.ok(afternoon > 1.8 * night, minutes.join(" "));
  });
});

function sorted<T extends { readonly queue: string }>(queues: readonly T[]): T[] {
  return queues.toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
}

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openWorld, type World } from "./world.ts";

let world: World;
before(async () => (world = await openWorld()));
after(() => world.stop());
beforeEach(() => world.clear());
const cli = (...args: readonly string[]) => world.server.cli(args);
const at = (text: string) => Date.parse(text);

test("static schedules, which stand in no key: from the config, by their last runs", async () => {
  await cli(
    "HSET",
    "resque:delayed:last_enqueued_at",
    "nightly",
    "2026-11-22 03:00:02 +0000",
    "report",
    "2026-11-21 22:30:00 -0500",
  );
  const reader = world.open({
    schedules: { nightly: { cron: "0 3 * * *" }, report: { cron: "30 22 * * *", timezone: "America/New_York" } },
  });
  world.nowMs = at("2026-11-23T02:59:00Z");
  assert.deepEqual((await world.read(reader)).schedules, [
    { schedule: "nightly", overdue: 0, basis: "expression" },
    { schedule: "report", overdue: 0, basis: "expression" },
  ]);
  world.nowMs = at("2026-11-23T03:40:00Z");
  const { schedules, schedulerUp } = await world.read(reader);
  assert.deepEqual(
    schedules.map(({ overdue }) => overdue),
    [2_400, 600],
  );
  assert.equal(schedulerUp, false, "no lock for as long as one lives, though one is to be expected");
});

test("static schedules of which nothing is known: learned from their last runs, and called so", async () => {
  const reader = world.open();
  const start = at("2026-11-22T03:00:00Z");
  for (let run = 0; run < 5; run++) {
    world.nowMs = start + run * 300_000 + 10_000;
    await cli(
      "HSET",
      "resque:delayed:last_enqueued_at",
      "sync",
      new Date(start + run * 300_000).toISOString().replace("T", " ").replace(".000Z", " +0000"),
    );
    const { schedules } = await world.read(reader);
    assert.deepEqual(schedules, run < 4 ? [] : [{ schedule: "sync", overdue: 0, basis: "cadence" }]);
  }
  world.nowMs = start + 6 * 300_000 + 1_000;
  assert.deepEqual((await world.read(reader)).schedules, [{ schedule: "sync", overdue: 301, basis: "cadence" }]);
});

test("persistent schedules in each form that resque-scheduler takes", async () => {
  world.nowMs = at("2026-11-22T03:30:00Z");
  const forms = {
    cron: { cron: "0 * * * * UTC" },
    list: { cron: ["15 * * * * UTC", { allow_overlapping: true }] },
    every: { every: "10m" },
    everyWithOptions: { every: ["1h", { first_in: "5m" }] },
    odd: { class: "X" },
  };
  for (const [name, config] of Object.entries(forms)) {
    await cli("HSET", "resque:persistent_schedules", name, JSON.stringify(config));
    await cli("HSET", "resque:delayed:last_enqueued_at", name, "2026-11-22 02:10:00 UTC");
  }
  await cli("HSET", "resque:persistent_schedules", "broken", "{not json");
  const { schedules, problems } = await world.read(world.open());
  assert.deepEqual(Object.fromEntries(schedules.map(({ schedule, overdue }) => [schedule, overdue])), {
    cron: 1_800,
    list: 4_500,
    every: 4_200,
    everyWithOptions: 1_200,
  });
  assert.deepEqual(problems, []);
});

test("runs of long ago belong to schedules that are no more", async () => {
  world.nowMs = at("2026-11-22T03:30:00Z");
  await cli("HSET", "resque:delayed:last_enqueued_at", "old", "2026-10-01 02:10:00 +0000");
  const { schedules, schedulerUp } = await world.read(world.open());
  assert.deepEqual([schedules, schedulerUp], [[], undefined]);
});

test("delayed jobs past the timestamps that are counted are estimated, those overdue counted", async () => {
  world.nowMs = at("2026-11-22T03:30:00Z");
  const now = world.nowMs / 1_000;
  const lines = Array.from({ length: 1_000 }, (_, index) => {
    const due = now - 10 + index;
    return `ZADD resque:delayed_queue_schedule ${due} ${due}\nRPUSH resque:delayed:${due} {} {} {}`;
  });
  await world.load(lines.join("\n"));
  const set = (await world.read(world.open())).sets.find((one) => one.set === "scheduled");
  assert.deepEqual(set, { set: "scheduled", size: 3_000, overdue: 33, lag: 10 });
});

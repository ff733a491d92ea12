import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sendCommands } from "../../bench/resque-data.ts";
import { openWorld, type World } from "./world.ts";

// Ten times what is read whole; what is read, and what it costs, must not depend on how much more there is.
const many = 50_000;
let world: World;
before(async () => (world = await openWorld()));
after(() => world.stop());

function* inPages(key: string, command: string, member: (index: number) => readonly string[]) {
  for (let from = 0; from < many; from += 500)
    yield [command, key, ...Array.from({ length: 500 }, (_, index) => member(from + index)).flat()];
}

const failure = (index: number) =>
  JSON.stringify({
    failed_at: "x",
    payload: { class: `C${index}`, args: [index] },
    exception: `E${index}`,
    queue: `q${index}`,
  });

function* commands(): Generator<readonly string[]> {
  yield* inPages("resque:queues", "SADD", (index) => [`q${index}`]);
  yield* inPages("resque:workers", "SADD", (index) => [`h${index}:${index}:q${index}`]);
  yield* inPages("resque:workers:heartbeat", "HSET", (index) => [
    `h${index}:${index}:q${index}`,
    "2026-11-22T03:45:00Z",
  ]);
  yield* inPages("resque:failed", "RPUSH", (index) => [failure(index)]);
  yield* inPages("resque:failed_queues", "SADD", (index) => [`q${index}_failed`]);
  yield* inPages("resque:delayed_queue_schedule", "ZADD", (index) => [
    String(1_795_400_000 + index),
    String(1_795_400_000 + index),
  ]);
  yield* inPages("resque:persistent_schedules", "HSET", (index) => [`s${index}`, '{"every":"60s"}']);
  yield* inPages("resque:delayed:last_enqueued_at", "HSET", (index) => [`s${index}`, "2026-11-22 03:43:20 +0000"]);
  yield ["RPUSH", "resque:queue:named", "{}"];
}

test("sets of any size are read in part, by cursors and pages, with what the config names", async () => {
  await sendCommands(world.server.port, commands());
  const reader = world.open({ namedQueues: ["named"] });
  for (let tick = 0; tick < 4; tick++) {
    const { queues, workers, failures, sets, problems } = await world.read(reader);
    assert.ok(queues.length <= 5_001 && queues.some(({ queue, size }) => queue === "named" && size === 1));
    assert.ok(workers.active + workers.lost <= 5_000);
    const failed = sets.find(({ set }) => set === "failed");
    assert.equal(failed?.size, many);
    assert.ok(failures.length <= 501);
    assert.equal(
      failures.reduce((sum, { count }) => sum + count, 0),
      many,
    );
    const messages = problems.filter(({ code }) => code === "READ_PARTIAL").map(({ message }) => message);
    const partial = new Set(messages.map((message) => message.split(" ")[0]));
    for (const key of ["queues", "workers", "failed_queues", "persistent_schedules", "delayed:last_enqueued_at"])
      assert.ok(partial.has(`resque:${key}`), `${key} is said to be read in part`);
  }
  const stats = await world.server.cli(["INFO", "commandstats"]);
  assert.doesNotMatch(stats, /cmdstat_(?:smembers|hgetall|keys|scan):/);
  assert.ok(JSON.stringify(reader.save()).length < 10_000_000, "what is kept is bounded");
});

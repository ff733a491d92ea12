import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { configSchema, type Config } from "../../src/config/schema.ts";
import { createDestinations } from "../../src/export/create.ts";
import { probeDestinations } from "../../src/export/probe.ts";
import { collection, count, durations, keptLog, sizes, total } from "../support/collections.ts";
import { type Answer, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort } from "../support/redis-server.ts";

const canary = "canary-key-4711";
const t0 = 1_700_000_000_000;
const within = (): AbortSignal => AbortSignal.timeout(20_000);

function configOf(...otlp: object[]): Config {
  const targets = [{ name: "shop", redis: "redis://127.0.0.1" }];
  return configSchema.parse({ targets, export: { otlp } });
}

function open(config: Config, stateDir?: string) {
  const kept = keptLog();
  const [destination] = createDestinations(config, {}, { log: kept.log, version: "1", stateDir, now: () => t0 });
  assert.ok(destination);
  return { destination, lines: kept.lines };
}

test("wrong credentials are said once, without them; the points are kept", async () => {
  const answer = (): Answer => ({ status: 401, body: `bad key ${canary}`, headers: { "content-type": "text/plain" } });
  const receiver = await startOtlpReceiver({ answer });
  const { destination, lines } = open(configOf({ endpoint: receiver.url, headers: { "api-key": canary } }));
  destination.offer(collection(t0, sizes([1])));
  destination.offer(collection(t0 + 1, sizes([1])));
  await receiver.until(({ requests }) => requests.length === 1);
  assert.equal(receiver.requests[0]?.headers["api-key"], canary);
  for (let turn = 0; turn < 1_000 && lines.length === 0; turn++) await sleep(5);
  assert.deepEqual(destination.counts, { produced: 2, delivered: 0, rejected: 0, dropped: 0, queued: 2 });
  const stop = new AbortController();
  const closed = destination.close(stop.signal);
  // A flush does not wait for the minute to end.
  await receiver.until(({ requests }) => requests.length === 2);
  stop.abort();
  await closed;
  assert.deepEqual(destination.counts, { produced: 2, delivered: 0, rejected: 0, dropped: 2, queued: 0 });
  assert.equal(lines.filter((line) => line.includes("EXPORT_UNAUTHORIZED")).length, 1);
  assert.ok(lines.some((line) => line.includes("Check key, headers and region")));
  assert.ok(!lines.join("").includes(canary));
  await receiver.close();
});

test("a request that is too large for the receiver is halved until it fits", async () => {
  const sizesSeen: number[] = [];
  const receiver = await startOtlpReceiver({
    answer: ({ points }) => {
      sizesSeen.push(points.length);
      return points.length > 2 || points.some(({ value }) => value === 4) ? { status: 413 } : {};
    },
  });
  const { destination, lines } = open(configOf({ endpoint: receiver.url }));
  destination.offer(collection(t0, sizes([0, 1, 2, 3, 4])));
  await destination.close(within());
  assert.deepEqual(
    receiver.points().map(({ value }) => value),
    [0, 1, 2, 3],
  );
  assert.deepEqual(destination.counts, { produced: 5, delivered: 4, rejected: 0, dropped: 1, queued: 0 });
  assert.match(lines.join(""), /code=EXPORT_TOO_LARGE/);
  assert.equal(sizesSeen[0], 5);
  await receiver.close();
});

test("points that a receiver rejects are counted, and its words are in the log", async () => {
  const answer = (): Answer => ({ partialSuccess: { rejectedDataPoints: 2, errorMessage: "too old" } });
  const receiver = await startOtlpReceiver({ answer });
  const { destination, lines } = open(configOf({ endpoint: receiver.url, protocol: "http/json" }));
  destination.offer(collection(t0, sizes([1, 2, 3])));
  await destination.close(within());
  assert.deepEqual(destination.counts, { produced: 3, delivered: 1, rejected: 2, dropped: 0, queued: 0 });
  assert.match(lines.join(""), /2 of 3 points: too old.*code=EXPORT_REJECTED/);
  await receiver.close();
});

test("an outage is survived, and its end is said", async () => {
  let turn = 0;
  const receiver = await startOtlpReceiver({ answer: () => (turn++ === 0 ? { status: 503 } : {}) });
  const { destination, lines } = open(configOf({ endpoint: receiver.url }));
  destination.offer(collection(t0, sizes([1])));
  await receiver.until(({ requests }) => requests.length === 2);
  await destination.close(within());
  assert.deepEqual(receiver.requests[0]?.wire, receiver.requests[1]?.wire);
  assert.match(lines[0] ?? "", /code=EXPORT_UNAVAILABLE/);
  assert.match(lines[1] ?? "", /points arrive again/);
  await receiver.close();
});

test("values that are no numbers are never sent, but counted", async () => {
  const receiver = await startOtlpReceiver();
  const { destination } = open(configOf({ endpoint: receiver.url, protocol: "http/json" }));
  destination.offer(collection(t0, sizes([Number.NaN, 1, Number.NEGATIVE_INFINITY])));
  await destination.close(within());
  assert.equal(receiver.points().length, 1);
  assert.deepEqual(destination.counts, { produced: 3, delivered: 1, rejected: 0, dropped: 2, queued: 0 });
  await receiver.close();
});

test("differences go on over a restart, from a file that only its owner may read", async () => {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  const receiver = await startOtlpReceiver();
  const config = configOf({ endpoint: receiver.url, temporality: "delta", name: "../v" });
  const file = join(dir, "destination-.._v.json");
  for (const [redis, jobs] of [
    [100, 5],
    [130, 9],
  ] as const) {
    const { destination, lines } = open(config, dir);
    destination.offer(collection(t0 + redis, total(redis), count(jobs, t0)));
    await destination.close(within());
    assert.deepEqual(lines, []);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  }
  const seen = receiver.points().map(({ name, startMs, temporality, value }) => [name, value, startMs, temporality]);
  assert.deepEqual(seen, [
    ["redis.uptime", 0, t0 + 99, "delta"],
    ["jobqueue.job.processed", 5, t0, "delta"],
    ["redis.uptime", 30, t0 + 100, "delta"],
    ["jobqueue.job.processed", 4, t0 + 100, "delta"],
  ]);
  assert.ok((await readFile(file, "utf8")).includes('"value":[130]'));
  await writeFile(file, "{}");
  assert.match(open(config, dir).lines.join(""), /code=STATE_UNREADABLE/);
  await receiver.close();
  await rm(dir, { recursive: true });
});

test("a new destination gets nothing of what was counted before its time, and all that is counted after it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  const receiver = await startOtlpReceiver();
  const config = configOf({ endpoint: receiver.url, temporality: "delta", name: "v" });
  const hour = 3_600_000;
  // Durations are as a target's state file brings them along, for the first time in the second run.
  const runs = [[count(5, t0)], [durations(500, 1, t0 - hour), count(9, t0)], [durations(510, 1, t0 - hour)]];
  for (const [late, families] of runs.entries()) {
    const { destination } = open(config, dir);
    destination.offer(collection(t0 + late, ...families));
    await destination.close(within());
  }
  const seen = receiver.points().map(({ name, value, histogram }) => [name, value ?? histogram?.count]);
  assert.deepEqual(seen, [
    ["jobqueue.job.processed", 5],
    ["jobqueue.class.duration", 0],
    ["jobqueue.job.processed", 4],
    ["jobqueue.class.duration", 10],
  ]);
  await receiver.close();
  await rm(dir, { recursive: true });
});

test("differences of which all were rejected come again with the next", async () => {
  let turn = 0;
  const receiver = await startOtlpReceiver({
    answer: ({ points }) =>
      turn++ === 0 ? { partialSuccess: { rejectedDataPoints: points.length }, stored: false } : {},
  });
  const { destination } = open(configOf({ endpoint: receiver.url, temporality: "delta" }));
  destination.offer(collection(t0, count(5, t0)));
  destination.offer(collection(t0 + 1, count(7, t0)));
  await destination.close(within());
  assert.deepEqual(
    receiver.points().map(({ value }) => value),
    [7],
  );
  assert.deepEqual(destination.counts, { produced: 2, delivered: 1, rejected: 1, dropped: 0, queued: 0 });
  await receiver.close();
});

test("a probe says whether a destination takes requests, and why not", async () => {
  const good = await startOtlpReceiver();
  const refusing = await startOtlpReceiver({ answer: () => ({ status: 403 }) });
  const nobody = `http://user:${canary}@127.0.0.1:${await freePort()}`;
  const config = configOf({ endpoint: good.url }, { endpoint: refusing.url, name: "vendor" }, { endpoint: nobody });
  const results = await probeDestinations(config, {}, { version: "1" });
  assert.deepEqual(
    results.map(({ accepted, code, name }) => [name, accepted, code]),
    [
      [new URL(good.url).host, true, undefined],
      ["vendor", false, "EXPORT_UNAUTHORIZED"],
      [new URL(nobody).host, false, "EXPORT_UNREACHABLE"],
    ],
  );
  assert.deepEqual(
    good.points().map(({ name }) => name),
    ["queuewatch.process.uptime"],
  );
  assert.ok(!JSON.stringify(results).includes(canary));
  await good.close();
  await refusing.close();
});

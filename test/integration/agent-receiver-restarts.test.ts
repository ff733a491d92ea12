import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { bucketsOf } from "../../src/systems/sidekiq/minute-buckets.ts";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { deltaSums } from "../support/delta-sums.ts";
import { scrape, total } from "../support/exported.ts";
import {
  startOtlpReceiver,
  type Answer,
  type OtlpReceiver,
  type ReceivedPoint,
  type ReceivedRequest,
} from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";

// The built agent and a vendor that takes differences: a wrong key, kills, and a destination that comes later.

const base = 1_000_000;
const about = '["system","sidekiq"],["target","shop"]';

let stack: AsyncDisposableStack;
let redis: RedisServer;
let dir: string;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  redis = await startRedisServer();
  stack.defer(() => redis.stop());
  await redis.cli(["SET", "stat:processed", String(base)]);
  dir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
});
afterEach(() => stack.disposeAsync());

type Request = Pick<ReceivedRequest, "headers" | "points">;

async function receive(answer: (request: Request) => Answer = () => ({})): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver({ answer });
  stack.defer(() => receiver.close());
  return receiver;
}

const hasJobs = ({ name, value = 0 }: ReceivedPoint): boolean => name === "jobqueue.job.processed" && value > 0;

async function start(...otlp: object[]): Promise<RunningAgent> {
  const targets = [{ name: "shop", system: "sidekiq", redis: redis.url }];
  const agent = await startAgent({
    config: { interval: "1s", targets, state_dir: join(dir, "state"), export: { otlp } },
  });
  stack.defer(async () => (agent.kill("SIGKILL"), void (await agent.stop())));
  return agent;
}

async function work(jobs: number): Promise<void> {
  const bucket = bucketsOf(Math.floor(Date.now() / 60_000), "")[1] ?? assert.fail();
  await redis.cli(["HINCRBY", bucket.key, "Mailer|p", String(jobs)]);
  await redis.cli(["INCRBY", "stat:processed", String(jobs)]);
}

/** What arrived of the total and of the class's count. */
function sumsOf(receiver: OtlpReceiver): (number | undefined)[] {
  const sums = deltaSums(receiver.points());
  const keys = [`jobqueue.job.processed [${about}]`, `jobqueue.class.processed [["job.class","Mailer"],${about}]`];
  return keys.map((key) => sums.get(key)?.[0]);
}

const arrived = (receiver: OtlpReceiver, ...wanted: (number | undefined)[]) =>
  eventually(wanted.join(" "), () => String(sumsOf(receiver)) === String(wanted)).catch((error: unknown) =>
    assert.fail(`${String(error)}; last: ${sumsOf(receiver).join(" ")}`),
  );

/** Requests of the target, of which those before the last have also been saved. */
const readsAt = ({ requests }: OtlpReceiver) =>
  requests.filter(({ points }) => points.some(({ name }) => name === "jobqueue.job.processed")).length;
async function oneMoreRead(receiver: OtlpReceiver): Promise<void> {
  const reads = readsAt(receiver);
  await eventually("one more read", () => readsAt(receiver) > reads + 1);
}

test("a wrong key is said once; what the buffer holds is kept, the rest is counted, no growth is lost", async () => {
  const keyFile = join(dir, "key");
  await writeFile(keyFile, "wrong\n");
  const receiver = await receive(({ headers }) => (headers["dd-api-key"] === "right" ? {} : { status: 403 }));
  const control = await receive();
  const agent = await start(
    {
      name: "vendor",
      preset: "datadog",
      region: "us1",
      key_file: keyFile,
      metrics_endpoint: `${receiver.url}/v1/metrics`,
      buffer: { max_bytes: "4KiB" },
    },
    { name: "control", endpoint: control.url, temporality: "delta" },
  );
  await oneMoreRead(control);
  await work(7);
  await arrived(control, 7, 7);
  const dropped = async () =>
    total(await scrape(agent), "queuewatch_export_points_total", { destination: "vendor", outcome: "dropped" }) ?? 0;
  const before = await dropped();
  await eventually("points are dropped", async () => (await dropped()) > before);
  const samples = await scrape(agent);
  const held = total(samples, "queuewatch_export_queued", { destination: "vendor" }) ?? 0;
  assert.ok(held > 0 && held * 8 <= 4_096, `${held} points`);
  const lines = agent.err.split("\n").filter((line) => line.includes("destination=vendor"));
  const [refused = "", ...more] = lines.filter((line) => line.includes("code=EXPORT_UNAUTHORIZED"));
  assert.match(refused, /HTTP 403.* action="Check key, headers and region\."$/);
  assert.deepEqual(more, []);
  assert.ok(lines.some((line) => /code=EXPORT_DROPPED .*action="Mend the destination/.test(line)));
  await writeFile(keyFile, "right\n");
  // The next try is a minute after the last; the end does not wait for it.
  assert.equal(await agent.stop(), 0);
  assert.deepEqual(sumsOf(receiver), [7, 7]);
  assert.doesNotMatch(agent.out + agent.err, /wrong|right/);
});

test("killed between the receiver's storing and the saving: one request may come twice, nothing is lost", async () => {
  let silent = false;
  const receiver = await receive(({ points }) => (silent && points.some(hasJobs) ? { hang: true, stored: true } : {}));
  const destination = { endpoint: receiver.url, temporality: "delta", timeout: "30s" };
  const first = await start(destination);
  await oneMoreRead(receiver);
  await work(7);
  await arrived(receiver, 7, 7);
  await oneMoreRead(receiver);
  silent = true;
  await work(5);
  await eventually("a request is stored, and not answered", () => sumsOf(receiver)[0] === 12);
  first.kill("SIGKILL");
  await first.stop();
  const twice = sumsOf(receiver).map((sum = 0) => sum - 7);
  assert.equal(twice[0], 5);
  silent = false;
  const second = await start(destination);
  await arrived(receiver, ...twice.map((jobs) => 12 + jobs));
  await work(1);
  await arrived(receiver, ...twice.map((jobs) => 13 + jobs));
  assert.equal(await second.stop(), 0);
});

test("a destination that comes later gets nothing of what was counted before", async () => {
  const old = await receive();
  const first = await start({ name: "old", endpoint: old.url, temporality: "delta" });
  await oneMoreRead(old);
  await work(500);
  await arrived(old, 500, 500);
  assert.equal(await first.stop(), 0);
  const later = await receive();
  await start(
    { name: "old", endpoint: old.url, temporality: "delta" },
    { name: "later", endpoint: later.url, temporality: "delta" },
  );
  await oneMoreRead(later);
  assert.deepEqual(sumsOf(later), [0, 0]);
  await work(3);
  await arrived(later, 3, 3);
  await arrived(old, 503, 503);
});

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { scrape, total } from "../support/exported.ts";
import { startFaultyTcp } from "../support/faulty-tcp.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function redisWithAJob(): Promise<RedisServer> {
  const redis = await startRedisServer();
  closing.push(() => redis.stop());
  await fill(redis);
  return redis;
}

const job = { class: "Work", args: [], jid: "ab12", queue: "default", created_at: 1, enqueued_at: 1 };

async function fill(redis: RedisServer): Promise<void> {
  await redis.cli(["SADD", "queues", "default"]);
  await redis.cli(["LPUSH", "queue:default", JSON.stringify(job)]);
}

interface Watched {
  readonly agent: RunningAgent;
  readonly collector: OtlpReceiver;
  /** `queuewatch.target.up` of a target as the newest request says it. */
  readonly up: (target: string) => number | undefined;
  /** Metrics of a target that were exported at `fromMs` or later. */
  readonly metricsSince: (target: string, fromMs: number) => Set<string>;
}

async function watch(urls: Readonly<Record<string, string>>, more: object = {}): Promise<Watched> {
  const collector = await startOtlpReceiver();
  closing.push(() => collector.close());
  const targets = Object.entries(urls).map(([name, redis]) => ({ name, redis, system: "sidekiq", ...more }));
  const config = { interval: "1s", targets, export: { otlp: [{ endpoint: collector.url }] } };
  const agent = await startAgent({ config });
  closing.push(() => agent.stop());
  const of = (target: string) => collector.points().filter(({ attributes }) => attributes["target"] === target);
  return {
    agent,
    collector,
    up: (target) => of(target).findLast(({ name }) => name === "queuewatch.target.up")?.value,
    metricsSince: (target, fromMs) => new Set(of(target).flatMap((one) => (one.timeMs >= fromMs ? [one.name] : []))),
  };
}

const ready = async (agent: RunningAgent) => (await agent.get("/readyz")).status;
const errorsOf = async (agent: RunningAgent, code: string, target = "shop") =>
  total(await scrape(agent), "queuewatch_collection_errors_total", { error_type: code, target });

test("Redis killed: down with the next read, nothing old is exported; up again after its return", async () => {
  const redis = await redisWithAJob();
  const { agent, up, metricsSince } = await watch({ shop: redis.url });
  await eventually("up", () => up("shop") === 1);
  assert.equal(await ready(agent), 200);
  redis.kill("SIGKILL");
  const killedMs = Date.now();
  await eventually("down", () => up("shop") === 0);
  await eventually("the next read, too", () => metricsSince("shop", killedMs + 1_500).size > 0);
  const said = metricsSince("shop", killedMs + 100);
  assert.deepEqual(
    [...said].filter((name) => /^(jobqueue|redis)\./.test(name)),
    [],
  );
  assert.equal(await ready(agent), 503);
  assert.equal((await agent.get("/livez")).status, 200);
  assert.doesNotMatch((await agent.get("/metrics")).text, /^jobqueue_/m);
  // A count of ours appears at 0, and says more one own tick later.
  await eventually("the error counted", async () => ((await errorsOf(agent, "REDIS_UNREACHABLE")) ?? 0) > 0);
  await redis.restart();
  await fill(redis);
  await eventually("up again", () => up("shop") === 1);
  assert.equal(agent.err.match(/code=REDIS_UNREACHABLE/g)?.length, 1, "said once a minute");
});

test("with a long interval a return is seen long before the next turn", async () => {
  const redis = await redisWithAJob();
  redis.kill("SIGKILL");
  const { up } = await watch({ shop: redis.url }, { interval: "60s" });
  await eventually("down", () => up("shop") === 0);
  await redis.restart();
  const returnedMs = Date.now();
  await eventually("up", () => up("shop") === 1);
  assert.ok(Date.now() - returnedMs < 30_000, `${Date.now() - returnedMs} ms`);
});

test("a Redis that stops answering, its connections open, is down; when it goes on, it is up", async () => {
  const redis = await redisWithAJob();
  const { agent, up } = await watch({ shop: redis.url });
  await eventually("up", () => up("shop") === 1);
  redis.kill("SIGSTOP");
  await eventually("down", () => up("shop") === 0);
  assert.match(agent.err, /code=REDIS_TIMEOUT target=shop/);
  redis.kill("SIGCONT");
  await eventually("up again", () => up("shop") === 1);
});

test("one target that hangs leaves the other's reads alone", async () => {
  const redis = await redisWithAJob();
  const proxy = await startFaultyTcp(redis.port);
  closing.push(() => proxy.stop());
  proxy.set({ kind: "swallow" });
  const { agent, collector, up } = await watch({ stuck: `redis://127.0.0.1:${proxy.port}`, shop: redis.url });
  await eventually("the stuck one is down", () => up("stuck") === 0);
  const reads = () =>
    collector.points().filter(({ name, attributes }) => name === "jobqueue.set.size" && attributes["target"] === "shop")
      .length / 3;
  const before = reads();
  await eventually("three more reads", () => reads() >= before + 3);
  assert.equal(up("shop"), 1);
  assert.equal(await errorsOf(agent, "REDIS_TIMEOUT"), undefined);
  assert.match((await agent.get("/readyz")).text, /^target stuck: REDIS_TIMEOUT\n$/);
});

test("a wrong password and a missing right are said by their codes", async () => {
  const redis = await redisWithAJob();
  await redis.cli(["ACL", "SETUSER", "blind", "on", ">right", "~*", "+@read", "+ping", "+time", "+info", "-llen"]);
  const { agent, up } = await watch({
    locked: redis.url.replace("//", "//blind:wrong@"),
    blind: redis.url.replace("//", "//blind:right@"),
  });
  await eventually("locked is down", () => up("locked") === 0);
  assert.match(agent.err, /level=error .* code=REDIS_AUTH target=locked action=/);
  await eventually("the right is missed", () => /code=REDIS_PERMISSION target=blind/.test(agent.err));
  assert.match(agent.err, /code=REDIS_PERMISSION target=blind action="Run `queuewatch acl`/);
  const samples = await scrape(agent);
  assert.equal(total(samples, "jobqueue_queue_size", { target: "blind" }), undefined, "what is not known is not 0");
  assert.equal(total(samples, "jobqueue_set_size", { target: "blind" }), 0);
});

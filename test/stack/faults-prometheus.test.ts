import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { scrape, total } from "../support/exported.ts";
import { startFaultyTcp, type FaultyTcp } from "../support/faulty-tcp.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { remoteWrite } from "../support/remote-write.ts";
import { highest } from "./support/agent-dashboard.ts";
import { startStackPrometheus, type StackPrometheus } from "./support/stack-prometheus.ts";

// After an outage, an agent's points come late. What a Prometheus does not take back it refuses, whole requests at a time.

/** How far back each takes samples of a series that has newer ones. */
const windows = { strict: undefined, narrow: "1s", wide: "30m" } as const;
type Name = keyof typeof windows;
const names = ["strict", "narrow", "wide"] as const;

const marked = 'jobqueue_set_size{set="retry"}';

describe("points that come late to Prometheus", () => {
  const stack = new AsyncDisposableStack();
  const servers = new Map<Name, StackPrometheus>();
  const proxies = new Map<Name, FaultyTcp>();
  let redis: RedisServer;
  let agent: RunningAgent;
  let oneTick = 0;
  const startedMs = Date.now();

  const at = (name: Name): StackPrometheus => servers.get(name) ?? assert.fail(name);
  const valueAt = async (name: Name, expr: string): Promise<number> =>
    Number((await at(name).query(expr))[0]?.values.at(-1)?.[1] ?? Number.NaN);
  const queued = async (destination: Name): Promise<number> =>
    total(await scrape(agent), "queuewatch_export_queued", { destination }) ?? 0;

  before(async () => {
    redis = await startRedisServer();
    stack.defer(() => redis.stop());
    await redis.cli(["SET", "stat:processed", "1000"]);
    for (const name of names) {
      const window = windows[name];
      const storage = window === undefined ? {} : { storage: { tsdb: { out_of_order_time_window: window } } };
      const server = await startStackPrometheus(storage);
      stack.defer(() => server.stop());
      const proxy = await startFaultyTcp(Number(new URL(server.url).port));
      stack.defer(() => proxy.stop());
      servers.set(name, server);
      proxies.set(name, proxy);
    }
    const otlp = [...proxies].map(([name, { port }]) => ({
      name,
      preset: "prometheus",
      endpoint: `http://127.0.0.1:${port}`,
    }));
    const targets = [{ name: "shop", system: "sidekiq", redis: redis.url }];
    agent = await startAgent({ config: { interval: "1s", targets, export: { otlp } } });
    stack.defer(async () => void (await agent.stop()));
    for (const name of names) await eventually(`${name}: values`, async () => (await valueAt(name, marked)) === 0);
  });
  before(async () => {
    // Lines are at least as many as points.
    oneTick = (await scrape(agent)).length;
    for (const proxy of proxies.values()) {
      proxy.set({ kind: "refuse" });
      proxy.reset();
    }
    for (const name of names) await eventually(`${name}: waiting`, async () => (await queued(name)) > 4 * oneTick);
    // Somebody else has written a newer sample of one series.
    for (const name of names) {
      const [series] = await at(name).query(marked);
      const samples = [[Date.now() / 1_000, 1]] as const;
      await remoteWrite(`${at(name).url}/api/v1/write`, [{ labels: series?.metric ?? {}, samples }]);
    }
    await redis.cli(["INCRBY", "stat:processed", "23"]);
    const overMs = Date.now();
    for (const proxy of proxies.values()) proxy.set({ kind: "pass" });
    for (const name of names)
      await eventually(
        `${name}: newer points`,
        async () => (await valueAt(name, `timestamp(${marked})`)) * 1_000 > overMs + 1_000,
      );
    for (const name of names) await eventually(`${name}: nothing waits`, async () => (await queued(name)) <= oneTick);
    assert.equal(await agent.stop(), 0);
  });
  after(() => stack.disposeAsync());

  /** Samples of the marked series; what all of them are stands where nothing is refused. */
  const stored = (name: Name): Promise<number> => valueAt(name, `count_over_time(${marked}[30m])`);
  const outcome = (name: Name, word: string): Promise<number> =>
    valueAt("wide", `queuewatch_export_points_total{destination="${name}",outcome="${word}"}`);
  const saidOf = (name: Name): string[] => agent.err.split("\n").filter((line) => line.includes(`destination=${name}`));

  test("with a window that is long enough all arrive", async () => {
    assert.equal(await outcome("wide", "rejected"), 0);
    assert.equal(await outcome("wide", "dropped"), 0);
    assert.doesNotMatch(saidOf("wide").join("\n"), /EXPORT_REFUSED|EXPORT_REJECTED|EXPORT_DROPPED/);
    const ticks = await valueAt("wide", `count_over_time(${marked}[30m])`);
    assert.equal(ticks - 1, await valueAt("wide", "count_over_time(redis_uptime_seconds_total[30m])"));
  });

  for (const [name, words] of [
    ["strict", /HTTP 400: .*out of order/],
    ["narrow", /HTTP 400: .*too old/],
  ] as const)
    test(`${name}: what is refused is said, counted, and sent once; newer points arrive`, async () => {
      const refused = saidOf(name).filter((line) => line.includes("code=EXPORT_REFUSED"));
      assert.ok(refused.length <= 1 + Math.floor((Date.now() - startedMs) / 60_000), agent.err);
      assert.match(refused[0] ?? "", words);
      assert.match(saidOf(name).at(-1) ?? "", /points arrive again/);
      assert.ok((await outcome(name, "rejected")) > 0);
      assert.equal(await outcome(name, "dropped"), 0);
      const answered = await requestsWith400(at(name));
      assert.ok(answered > 0);
      assert.equal((await stored(name)) + answered, await stored("wide"));
    });

  test("a total is right on each, whatever was refused before", async () => {
    for (const name of names) assert.equal(await valueAt(name, "jobqueue_job_processed_total"), 1_023, name);
  });

  test("the Agent dashboard shows what waited and what was lost", async () => {
    const most = (title: string, labels: Record<string, string> = {}) => highest(at("wide"), title, labels);
    for (const destination of names)
      assert.ok(((await most("Data points waiting", { destination })) ?? 0) > 4 * oneTick);
    assert.ok(((await most("Data points lost")) ?? 0) > 0);
    assert.ok(((await most("Data points per second", { destination: "strict" })) ?? 0) > 0);
  });
});

/** Requests that Prometheus refused, by its own count. */
async function requestsWith400({ url }: StackPrometheus): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counted = /^prometheus_http_requests_total\{code="400",handler="\/api\/v1\/otlp\/v1\/metrics"\} (\d+)$/m;
  return Number(counted.exec(text)?.[1] ?? 0);
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { deltaSums, differing, growths } from "../support/delta-sums.ts";
import { scrape, total } from "../support/exported.ts";
import { startFaultyTcp, type FaultyTcp } from "../support/faulty-tcp.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { highest } from "./support/agent-dashboard.ts";
import { startCollector, type Collector } from "./support/collector.ts";
import { startStackPrometheus, type StackPrometheus } from "./support/stack-prometheus.ts";

// The shipped Collector configuration between the agent and its receivers, in mid-run: killed, its receivers away, its disk
// full. A receiver that gets everything straight from the agent knows the truth.

const base = 1_000_000;
const processedKey = 'jobqueue.job.processed [["system","sidekiq"],["target","shop"]]';
const quick = { retry_on_failure: { initial_interval: "200ms", max_interval: "1s" } };
const vendorEnv = {
  GRAFANA_CLOUD_ZONE: "test",
  GRAFANA_CLOUD_INSTANCE_ID: "1",
  GRAFANA_CLOUD_TOKEN: "t",
  DD_API_KEY: "k",
};

/** Reads of the target that a receiver got. */
const ticksOf = (points: ReturnType<OtlpReceiver["points"]>): number =>
  new Set(points.filter(({ name }) => name === "jobqueue.job.processed").map(({ timeMs }) => timeMs)).size;

describe("a Collector that is killed", () => {
  const stack = new AsyncDisposableStack();
  let redis: RedisServer;
  let collector: Collector;
  let prometheus: StackPrometheus;
  let proxy: FaultyTcp;
  let agent: RunningAgent;
  let away = false;
  let oneTick = 0;
  const receivers = new Map<"control" | "converted" | "delta", OtlpReceiver>();
  const at = (name: "control" | "converted" | "delta"): OtlpReceiver => receivers.get(name) ?? assert.fail(name);

  const valueOf = async (expr: string): Promise<number> =>
    Number((await prometheus.query(expr))[0]?.values.at(-1)?.[1] ?? Number.NaN);
  const deltaSum = () => deltaSums(at("delta").points()).get(processedKey)?.[0];
  const queued = async (destination: string): Promise<number> =>
    total(await scrape(agent), "queuewatch_export_queued", { destination }) ?? 0;
  const process = async (jobs: number): Promise<void> =>
    void (await redis.cli(["INCRBY", "stat:processed", String(jobs)]));
  const arrived = async (jobs: number): Promise<void> => {
    const seen = async () => [await valueOf("jobqueue_job_processed_total"), deltaSum()];
    await eventually(`${jobs} at both`, async () => String(await seen()) === String([base + jobs, jobs])).catch(
      async (error: unknown) => assert.fail(`${String(error)}: ${String(await seen())}\n${collector.printed}`),
    );
  };

  before(async () => {
    redis = await startRedisServer();
    stack.defer(() => redis.stop());
    await redis.cli(["SET", "stat:processed", String(base)]);
    prometheus = await startStackPrometheus({ storage: { tsdb: { out_of_order_time_window: "30m" } } });
    stack.defer(() => prometheus.stop());
    proxy = await startFaultyTcp(Number(new URL(prometheus.url).port));
    stack.defer(() => proxy.stop());
    for (const name of ["control", "converted", "delta"] as const) {
      const receiver = await startOtlpReceiver({ answer: () => (away && name !== "control" ? { status: 503 } : {}) });
      stack.defer(() => receiver.close());
      receivers.set(name, receiver);
    }
    const deltaPort = await freePort();
    collector = await startCollector({
      vendors: ["grafana-cloud", "datadog"],
      env: vendorEnv,
      overlay: overlayOf(deltaPort, proxy.port, at("converted").url, at("delta").url),
    });
    stack.defer(() => collector.stop());
    const otlp = [
      { name: "control", endpoint: at("control").url },
      { name: "collector", endpoint: collector.otlp },
      { name: "delta", endpoint: `http://127.0.0.1:${deltaPort}`, temporality: "delta" },
    ];
    const targets = [{ name: "shop", system: "sidekiq", redis: redis.url }];
    agent = await startAgent({ config: { interval: "1s", targets, export: { otlp } } });
    stack.defer(async () => void (await agent.stop()));
    await arrived(0);
    await process(7);
    await arrived(7);
    // Lines are at least as many as points.
    oneTick = (await scrape(agent)).length;
  });
  after(() => stack.disposeAsync());

  test("what the agent kept meanwhile arrives, and it says so", async () => {
    await collector.kill();
    await process(11);
    for (const name of ["collector", "delta"])
      await eventually(`${name}: waiting`, async () => (await queued(name)) > 4 * oneTick);
    await collector.restart();
    await arrived(18);
    for (const name of ["collector", "delta"]) {
      const lines = agent.err.split("\n").filter((line) => line.includes(`destination=${name}`));
      assert.match(lines[0] ?? "", /code=EXPORT_UNREACHABLE .*action="Check endpoint and network\."/);
      assert.match(lines.at(-1) ?? "", /points arrive again/);
    }
  });

  test("what it had queued for receivers that were away arrives, too", async () => {
    away = true;
    proxy.set({ kind: "refuse" });
    proxy.reset();
    await process(13);
    const reads = ticksOf(at("control").points());
    await eventually("three reads", () => ticksOf(at("control").points()) >= reads + 3);
    await eventually("taken by the Collector", async () => (await queued("collector")) <= oneTick);
    await collector.kill();
    await collector.restart();
    await process(17);
    away = false;
    proxy.set({ kind: "pass" });
    await arrived(48);
  });

  test("in the end no read is missing, every growth came once, and no total as growth", async () => {
    assert.equal(await agent.stop(), 0);
    const control = at("control").points();
    const reads = ticksOf(control);
    const series = 'jobqueue_set_size{set="retry"}';
    await eventually("all reads", async () => (await valueOf(`count_over_time(${series}[30m])`)) === reads);
    const wanted = growths(control);
    assert.ok(wanted.size > 30 && wanted.get(processedKey)?.[0] === 48, `${wanted.size} series`);
    await eventually("all growth", () => differing(deltaSums(at("delta").points()), wanted).length === 0).catch(() =>
      assert.deepEqual(differing(deltaSums(at("delta").points()), wanted), []),
    );
    // A converter that was killed cannot know what it missed; it must not make it up.
    const converted = deltaSums(at("converted").points()).get(processedKey)?.[0] ?? 0;
    assert.ok(converted >= 7 && converted <= 48, `${converted}`);
    assert.doesNotMatch(agent.err, /EXPORT_(?:REFUSED|REJECTED|DROPPED)/);
  });

  test("the Agent dashboard shows what waited, and that nothing was lost", async () => {
    for (const destination of ["collector", "delta"]) {
      const waited = (await highest(prometheus, "Data points waiting", { destination })) ?? 0;
      assert.ok(waited > 4 * oneTick, `${destination}: ${waited}`);
    }
    assert.equal(await highest(prometheus, "Data points lost"), 0);
  });
});

const namespaces = spawnSync("unshare", ["-m", "true"]).status === 0 && process.getuid?.() === 0;

describe("a Collector whose disk is full", { skip: namespaces ? false : "needs root and mount namespaces" }, () => {
  test("refuses, the agent keeps its points and says why; with room again all arrive", async () => {
    await using stack = new AsyncDisposableStack();
    const redis = await startRedisServer();
    stack.defer(() => redis.stop());
    await redis.cli(["SET", "stat:processed", "5"]);
    let away = true;
    const control = await startOtlpReceiver();
    stack.defer(() => control.close());
    const receiver = await startOtlpReceiver({ answer: () => (away ? { status: 503 } : {}) });
    stack.defer(() => receiver.close());
    const collector = await startCollector({
      vendors: ["grafana-cloud"],
      env: vendorEnv,
      overlay: { exporters: { "otlp_http/grafana_cloud": { endpoint: receiver.url, ...quick } } },
      diskBytes: 160 * 1024,
    });
    stack.defer(() => collector.stop());
    const otlp = [
      { name: "control", endpoint: control.url },
      { name: "collector", endpoint: collector.otlp },
    ];
    const targets = [{ name: "shop", system: "sidekiq", redis: redis.url }];
    const agent = await startAgent({ config: { interval: "1s", targets, export: { otlp } } });
    stack.defer(async () => void (await agent.stop()));
    const said = (): string[] => agent.err.split("\n").filter((line) => line.includes("destination=collector"));
    await eventually("refused", () => said().length > 0).catch(() => assert.fail(collector.printed));
    assert.match(said()[0] ?? "", /HTTP 503: .*no space left on device.* code=EXPORT_UNAVAILABLE/);
    const oneTick = (await scrape(agent)).length;
    const queued = async () =>
      total(await scrape(agent), "queuewatch_export_queued", { destination: "collector" }) ?? 0;
    await eventually("points wait", async () => (await queued()) > oneTick);
    await collector.makeRoom();
    await eventually("taken", () => /points arrive again/.test(said().at(-1) ?? ""));
    away = false;
    assert.equal(await agent.stop(), 0);
    const wanted = ticksOf(control.points());
    await eventually("all reads", () => ticksOf(receiver.points()) === wanted).catch((error: unknown) =>
      assert.fail(`${String(error)}: ${ticksOf(receiver.points())} of ${wanted}\n${agent.err}`),
    );
    assert.doesNotMatch(agent.err, /EXPORT_(?:REFUSED|REJECTED|DROPPED)/);
  });
});

/** The vendors' blocks as they are, but sent to receivers of ours; and a way for differences, as they come. */
function overlayOf(
  deltaPort: number,
  prometheusPort: number,
  converted: string,
  delta: string,
): Record<string, unknown> {
  const stored = { storage: "file_storage/queue", num_consumers: 1 };
  return {
    receivers: { "otlp/delta": { protocols: { http: { endpoint: `127.0.0.1:${deltaPort}` } } } },
    exporters: {
      "otlp_http/grafana_cloud": {
        metrics_endpoint: `http://127.0.0.1:${prometheusPort}/api/v1/otlp/v1/metrics`,
        ...quick,
      },
      "otlp_http/datadog": { metrics_endpoint: `${converted}/v1/metrics`, ...quick },
      "otlp_http/delta": { endpoint: delta, sending_queue: stored, ...quick },
    },
    service: { pipelines: { "metrics/delta": { receivers: ["otlp/delta"], exporters: ["otlp_http/delta"] } } },
  };
}

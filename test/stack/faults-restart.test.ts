import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bucketsOf } from "../../src/systems/sidekiq/minute-buckets.ts";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { deltaSums } from "../support/delta-sums.ts";
import { scrape, total } from "../support/exported.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { startCollector, type Collector } from "./support/collector.ts";

// Two agents that are restarted, one with a `state_dir` and one without, send differences themselves and, by the shipped
// configuration, through the Collector's cumulative_to_delta. Both kinds of counts: a total of Redis and one of the agent.

const base = 1_000_000;
const agents = ["kept", "forgetful"] as const;
type AgentName = (typeof agents)[number];
const ways = ["delta", "converted"] as const;
type Way = (typeof ways)[number];

describe("agents that are restarted", () => {
  const stack = new AsyncDisposableStack();
  const receivers = new Map<Way, OtlpReceiver>();
  const running = new Map<AgentName, RunningAgent>();
  let redis: RedisServer;
  let collector: Collector;
  let stateDir: string;
  let away = false;

  const at = (way: Way): OtlpReceiver => receivers.get(way) ?? assert.fail(way);
  const agentOf = (name: AgentName): RunningAgent => running.get(name) ?? assert.fail(name);

  /** What arrived of the total, of the class's count, and of the class's durations. */
  function sumsOf(target: AgentName, way: Way): (number | undefined)[] {
    const sums = deltaSums(at(way).points());
    const about = `["system","sidekiq"],["target","${target}"]`;
    const duration = sums.get(`jobqueue.class.duration [["job.class","Mailer"],${about}]`);
    return [
      sums.get(`jobqueue.job.processed [${about}]`)?.[0],
      sums.get(`jobqueue.class.processed [["job.class","Mailer"],${about}]`)?.[0],
      duration?.slice(0, -1).reduce((sum, count) => sum + count, 0),
    ];
  }

  async function arrived(target: AgentName, way: Way, wanted: readonly number[]): Promise<void> {
    const what = `${target}, ${way}: ${wanted.join(" ")}`;
    await eventually(what, () => String(sumsOf(target, way)) === String(wanted)).catch((error: unknown) =>
      assert.fail(`${String(error)}; last: ${sumsOf(target, way).join(" ")}\n${agentOf(target).err}`),
    );
  }

  /** Reads of a target that arrived; with one more after another, what that one brought has also been saved. */
  const readsOf = (target: AgentName): number =>
    at("delta")
      .points()
      .filter(({ name, attributes }) => name === "jobqueue.job.processed" && attributes["target"] === target).length;
  async function oneMoreRead(): Promise<void> {
    const reads = agents.map(readsOf);
    await eventually("one more read", () => agents.every((name, index) => readsOf(name) > (reads[index] ?? 0) + 1));
  }

  async function work(jobs: number): Promise<void> {
    const bucket = bucketsOf(Math.floor(Date.now() / 60_000), "")[1] ?? assert.fail();
    await redis.cli(["BITFIELD", bucket.histogram("Mailer"), "INCRBY", "u16", "#1", String(jobs)]);
    await redis.cli(["HINCRBY", bucket.key, "Mailer|ms", String(20 * jobs)]);
    await redis.cli(["HINCRBY", bucket.key, "Mailer|p", String(jobs)]);
    await redis.cli(["INCRBY", "stat:processed", String(jobs)]);
  }

  async function start(name: AgentName): Promise<void> {
    const config = {
      interval: "1s",
      targets: [{ name, system: "sidekiq", redis: redis.url }],
      export: {
        otlp: [
          {
            name: "direct",
            preset: "datadog",
            region: "us1",
            key: "k",
            metrics_endpoint: `${at("delta").url}/v1/metrics`,
          },
          { name: "collector", endpoint: collector.otlp },
        ],
      },
      ...(name === "kept" ? { state_dir: join(stateDir, name) } : {}),
    };
    running.set(name, await startAgent({ config }));
  }

  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    for (const agent of running.values()) agent.kill(signal);
    for (const agent of running.values()) await agent.stop();
  }

  before(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "queuewatch-state-"));
    stack.defer(() => rm(stateDir, { recursive: true, force: true }));
    redis = await startRedisServer();
    stack.defer(() => redis.stop());
    await redis.cli(["SET", "stat:processed", String(base)]);
    for (const way of ways) {
      const receiver = await startOtlpReceiver({ answer: () => (away && way === "delta" ? { status: 503 } : {}) });
      stack.defer(() => receiver.close());
      receivers.set(way, receiver);
    }
    collector = await startCollector({
      vendors: ["datadog"],
      env: { DD_API_KEY: "k" },
      overlay: { exporters: { "otlp_http/datadog": { metrics_endpoint: `${at("converted").url}/v1/metrics` } } },
    });
    stack.defer(() => collector.stop());
    stack.defer(() => end("SIGKILL"));
    for (const name of agents) await start(name);
    await oneMoreRead();
    await work(7);
    for (const name of agents) for (const way of ways) await arrived(name, way, [7, 7, 7]);
    await oneMoreRead();
  });
  after(() => stack.disposeAsync());

  test("asked to end: with a state_dir nothing is gained or lost; without one nothing is gained", async () => {
    await end("SIGTERM");
    await work(11);
    for (const name of agents) await start(name);
    await oneMoreRead();
    for (const way of ways) await arrived("kept", way, [18, 18, 18]);
    await work(13);
    for (const way of ways) await arrived("kept", way, [31, 31, 31]);
    // It counts from its start on; the converter goes on with Redis's own total, and knows that the agent's began anew.
    await arrived("forgetful", "delta", [20, 20, 20]);
    await arrived("forgetful", "converted", [31, 20, 20]);
    await oneMoreRead();
  });

  test("killed while points wait: the same", async () => {
    away = true;
    await work(17);
    const read = async (name: AgentName): Promise<boolean> =>
      total(await scrape(agentOf(name)), "jobqueue_class_processed_total") === (name === "kept" ? 48 : 30);
    for (const name of agents) await eventually(`${name}: read`, () => read(name));
    await end("SIGKILL");
    for (const name of agents) await start(name);
    away = false;
    for (const way of ways) await arrived("kept", way, [48, 48, 48]);
    await oneMoreRead();
    await work(19);
    for (const way of ways) await arrived("kept", way, [67, 67, 67]);
    await arrived("forgetful", "delta", [39, 39, 39]);
    await eventually("the total goes on", () => sumsOf("forgetful", "converted")[0] === 67);
    const [, classes = 0, durations = 0] = sumsOf("forgetful", "converted");
    assert.ok(classes <= 56 && durations <= 56, `${classes} ${durations}`);
  });
});

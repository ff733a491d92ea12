import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Queue } from "node-resque";
import { classDuration } from "../../src/catalogue/jobqueue.ts";
import { bucketsOf } from "../../src/systems/sidekiq/minute-buckets.ts";
import { eventually, runBuilt, startAgent } from "../support/agent.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { startCollector } from "./support/collector.ts";
import { pushSidekiq, sidekiqMissing, startSidekiq } from "./support/living-sidekiq.ts";
import { startStackPrometheus, type Series, type StackPrometheus } from "./support/stack-prometheus.ts";

// What living workers do reaches Prometheus by five ways; a rule or a panel must not see by which.

if (sidekiqMissing !== false && process.env["CI"]) throw new Error(sidekiqMissing);

const ways = ["collector scraped", "collector OTLP", "OTLP", "agent scraped", "collector remote write"] as const;
type Way = (typeof ways)[number];

const resqueWorker = fileURLToPath(new URL("../integration/resque-worker.mjs", import.meta.url));
const ours = '{__name__=~"(jobqueue|queuewatch)_.+"}';

describe("the five ways to Prometheus", { skip: sidekiqMissing }, () => {
  let sidekiqRedis: RedisServer;
  let resqueRedis: RedisServer;
  let queue: Queue;
  const prometheus = new Map<Way, StackPrometheus>();

  const started = new AsyncDisposableStack();
  const add = async (way: Way, config?: Readonly<Record<string, unknown>>): Promise<void> => {
    const one = await startStackPrometheus(config);
    started.defer(() => one.stop());
    prometheus.set(way, one);
  };
  const at = (way: Way): StackPrometheus => prometheus.get(way) ?? assert.fail(way);

  before(async () => {
    sidekiqRedis = await startRedisServer();
    started.defer(() => sidekiqRedis.stop());
    resqueRedis = await startRedisServer();
    started.defer(() => resqueRedis.stop());
    for (const way of ["OTLP", "collector OTLP", "collector remote write"] as const) await add(way);
    const collector = await startCollector({
      overlay: sendingTo(at("collector OTLP").url, at("collector remote write").url),
    });
    started.defer(() => collector.stop());
    const listen = `127.0.0.1:${await freePort()}`;
    await add("collector scraped", scraping(collector.scraped));
    await add("agent scraped", scraping(listen));
    const sidekiq = await startSidekiq(sidekiqRedis.url, (args) => sidekiqRedis.cli(args));
    started.defer(() => sidekiq.stop());
    const resque = spawn(process.execPath, [resqueWorker, String(resqueRedis.port), "worker", "mail"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.defer(() => void resque.kill("SIGKILL"));
    await once(resque.stdout, "data");
    queue = new Queue({
      connection: { host: "127.0.0.1", port: resqueRedis.port, namespace: "resque", options: { password: "" } },
    });
    await queue.connect();
    started.defer(() => queue.end());
    const agent = await startAgent({
      config: {
        interval: "2s",
        environment: "test",
        targets: [
          { name: "shop", system: "sidekiq", redis: await readOnly(sidekiqRedis, "sidekiq") },
          { name: "mail", system: "resque", redis: await readOnly(resqueRedis, "resque") },
        ],
        export: {
          otlp: [{ endpoint: collector.otlp }, { preset: "prometheus", endpoint: at("OTLP").url, name: "direct" }],
          prometheus: { listen },
        },
      },
    });
    started.defer(async () => void (await agent.stop()));
    for (const way of ways)
      await eventually(
        `${way}: a first value`,
        async () => (await at(way).query("queuewatch_target_up == 1")).length === 2,
      );
  });

  after(() => started.disposeAsync());

  test("values are the truth on each", async () => {
    await pushSidekiq(sidekiqRedis.url, "Quick", "work", 7);
    await pushSidekiq(sidekiqRedis.url, "Broken", "work", 2);
    await pushSidekiq(sidekiqRedis.url, "Quick", "unserved", 5);
    await pushSidekiq(sidekiqRedis.url, "Quick", "gone", 3);
    for (let index = 0; index < 4; index++) await queue.enqueue("mail", "quick", [index]);
    await queue.enqueue("mail", "broken", []);
    for (let index = 0; index < 6; index++) await queue.enqueue("waiting", "quick", [index]);
    const truth: Readonly<Record<string, number>> = {
      'jobqueue_job_processed_total{target="shop"}': 9,
      'jobqueue_job_failed_total{target="shop"}': 2,
      'jobqueue_queue_size{target="shop",queue="unserved"}': 5,
      'jobqueue_queue_size{target="shop",queue="gone"}': 3,
      'jobqueue_set_size{target="shop",set="retry"}': 2,
      'sum(jobqueue_worker_slots{target="shop"})': 2,
      'jobqueue_job_processed_total{target="mail"}': 5,
      'jobqueue_job_failed_total{target="mail"}': 1,
      'jobqueue_queue_size{target="mail",queue="waiting"}': 6,
      'sum(jobqueue_worker_count{target="mail",state="active"})': 1,
    };
    for (const way of ways)
      for (const [expr, value] of Object.entries(truth)) {
        let seen: unknown;
        const isTrue = async (): Promise<boolean> => {
          const found = await at(way).query(expr);
          seen = found;
          return found.length === 1 && Number(found[0]?.values[0]?.[1]) === value;
        };
        await eventually(`${way}: ${expr} is ${value}`, isTrue, 30_000).catch((error: unknown) =>
          assert.fail(`${String(error)}; last: ${JSON.stringify(seen)}`),
        );
      }
  });

  test("a histogram's buckets, sum and count are the truth on each", async () => {
    // As Sidekiq 8 keeps them; 0.02 s is the first bound, 0.045 s the third.
    const bucket = bucketsOf(Math.floor(Date.now() / 60_000), "")[1] ?? assert.fail();
    await sidekiqRedis.cli(["BITFIELD", bucket.histogram("Mailer"), "SET", "u16", "#0", "5", "SET", "u16", "#2", "3"]);
    await sidekiqRedis.cli(["HSET", bucket.key, "Mailer|p", "9", "Mailer|f", "1", "Mailer|ms", "250"]);
    const [first = 0, second = 0, ...others] = classDuration.bounds;
    const wanted = {
      count: 8,
      sum: 0.25,
      buckets: [[first, 5], [second, 5], ...others.map((bound) => [bound, 8]), [Number.POSITIVE_INFINITY, 8]],
    };
    for (const way of ways) {
      let last: Histogram | undefined;
      const isTrue = async (): Promise<boolean> => {
        last = (await histograms(at(way), "jobqueue_class_duration_seconds", "")).at(-1);
        return JSON.stringify(last) === JSON.stringify(wanted);
      };
      await eventually(way, isTrue, 30_000).catch(() => assert.deepEqual(last, wanted, way));
    }
  });

  test("a histogram that grows with each read has the same numbers on each", async () => {
    const all = (way: Way) => histograms(at(way), "queuewatch_collection_duration_seconds", "[2m]");
    const direct = new Map((await all("OTLP")).map((one) => [one.count, one]));
    for (const way of ways) {
      const common = (await all(way)).filter(({ count }) => direct.has(count));
      assert.ok(new Set(common.map(({ count }) => count)).size >= 3, way);
      for (const one of common) assert.deepEqual(one, direct.get(one.count), way);
    }
  });

  test("names and labels are the same on each", async () => {
    const direct = await names(at("OTLP"));
    assert.ok(direct.length > 100, `${direct.length} series`);
    for (const way of ways.filter((one) => one !== "OTLP")) {
      let found: readonly string[] = [];
      const same = async (): Promise<boolean> => {
        found = await names(at(way));
        return JSON.stringify(found) === JSON.stringify(await names(at("OTLP")));
      };
      await eventually(way, same, 20_000).catch(async () => assert.deepEqual(found, await names(at("OTLP")), way));
    }
  });

  test("job and instance are the agent's, but where the agent itself is scraped", async () => {
    const origins = new Map<Way, string>();
    for (const way of ways) {
      const [series] = await at(way).query('queuewatch_target_up{target="shop"}');
      origins.set(way, `${series?.metric["job"]} ${series?.metric["instance"]}`);
    }
    const pushed = ways.filter((way) => way !== "agent scraped").map((way) => origins.get(way));
    assert.equal(new Set(pushed).size, 1, JSON.stringify([...origins]));
    assert.match(pushed[0] ?? "", /^queuewatch \S+$/);
  });

  test("a queue that is gone is 0 once more and then ends, long before the lookback does", async () => {
    const series = 'jobqueue_queue_size{target="shop",queue="gone"}';
    await sidekiqRedis.cli(["DEL", "queue:gone"]);
    await sidekiqRedis.cli(["SREM", "queues", "gone"]);
    const ended = new Map<Way, string | undefined>();
    const last = async (way: Way): Promise<string | undefined> =>
      (await at(way).query(`max_over_time(timestamp(${series})[5m:500ms])`))[0]?.values[0]?.[1];
    for (const way of ways) {
      await eventually(`${way}: ended`, async () => (await at(way).query(series)).length === 0, 60_000);
      const samples = (await at(way).query(`${series}[5m]`))[0]?.values.map(([, value]) => Number(value)) ?? [];
      const zeros = samples.length - samples.findIndex((value) => value === 0);
      assert.deepEqual([samples.at(-1 - zeros), samples.at(-1)], [3, 0], `${way}: ${samples.join(" ")}`);
      if (!way.endsWith("scraped")) assert.equal(zeros, 1, `${way}: ${samples.join(" ")}`);
      ended.set(way, await last(way));
    }
    // More ticks of the agent, and of what stands between: no old value comes back with a new time.
    for (let tick = 0; tick < 2; tick++) await anotherTick(at("OTLP"));
    for (const way of ways) assert.equal(await last(way), ended.get(way), way);
  });
});

/** Waits until the agent has said something new. */
async function anotherTick(prometheus: StackPrometheus): Promise<void> {
  const spoken = async (): Promise<number> =>
    Number((await prometheus.query('timestamp(queuewatch_target_up{target="shop"})'))[0]?.values[0]?.[1]);
  const first = await spoken();
  await eventually("another tick", async () => (await spoken()) > first);
}

async function readOnly(redis: RedisServer, system: string): Promise<string> {
  const acl = await runBuilt(["acl", "--system", system]);
  assert.equal(await redis.cli([], acl.out.replace("PASSWORD", "only-reads")), "OK\n");
  return redis.url.replace("//", "//queuewatch:only-reads@");
}

interface Histogram {
  readonly count: number;
  readonly sum: number;
  /** Bounds from low to high, each with what is at or below it. */
  readonly buckets: readonly (readonly number[])[];
}

/** The shop's histogram as it is stored: now, or with a range each that is in it, from old to new. */
async function histograms(from: StackPrometheus, name: string, range: string): Promise<Histogram[]> {
  const found = await from.query(`{__name__=~"${name}_(bucket|sum|count)",target="shop"}${range}`);
  const samples = found.flatMap(({ metric, values }) => values.map(([time, value]) => ({ metric, time, value })));
  const moments = [...Map.groupBy(samples, ({ time }) => time)].toSorted(([a], [b]) => a - b);
  return moments.map(([, parts]) => {
    const value = (part: string) => Number(parts.find(({ metric }) => metric["__name__"] === `${name}_${part}`)?.value);
    const buckets = parts.flatMap(({ metric: { le }, value: count }) =>
      le === undefined ? [] : [[le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le), Number(count)]],
    );
    return {
      count: value("count"),
      sum: value("sum"),
      buckets: buckets.toSorted(([a = 0], [b = 0]) => (a === b ? 0 : a - b)),
    };
  });
}

function sendingTo(otlp: string, remoteWrite: string): Record<string, unknown> {
  return {
    exporters: {
      "otlp_http/prometheus": {
        metrics_endpoint: `${otlp}/api/v1/otlp/v1/metrics`,
        sending_queue: { num_consumers: 1 },
      },
      prometheus_remote_write: {
        endpoint: `${remoteWrite}/api/v1/write`,
        remote_write_queue: { num_consumers: 1 },
        disable_scope_info: true,
      },
    },
    service: {
      pipelines: { metrics: { exporters: ["prometheus", "otlp_http/prometheus", "prometheus_remote_write"] } },
    },
  };
}

function scraping(target: string): Record<string, unknown> {
  return {
    scrape_configs: [{ job_name: "queuewatch", honor_labels: true, static_configs: [{ targets: [target] }] }],
  };
}

/** All series of ours, without what tells the way: job and instance, and how a whole bound is written. */
async function names(from: StackPrometheus): Promise<readonly string[]> {
  return (await from.query(ours)).map(nameOf).toSorted();
}

function nameOf({ metric }: Series): string {
  const { job: _job, instance: _instance, le, ...labels } = metric;
  const bound = le === undefined ? {} : { le: le === "+Inf" ? le : String(Number(le)) };
  const all: [string, string][] = Object.entries({ ...labels, ...bound });
  return JSON.stringify(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

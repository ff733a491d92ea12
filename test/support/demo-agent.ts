import { targetView } from "../../src/collect/view.ts";
import type { Collection, Family } from "../../src/collect/family.ts";
import { Readers } from "../../src/collect/readers.ts";
import { Target } from "../../src/collect/target.ts";
import { prometheusLabel, prometheusName } from "../../src/catalogue/prometheus-name.ts";
import { configSchema } from "../../src/config/schema.ts";
import { startStandIn } from "../../src/demo/redis-server.ts";
import { createWorld } from "../../src/demo/world.ts";
import { openRedis } from "../../src/redis/client.ts";
import { readServerHealth } from "../../src/redis/health.ts";
import { Log } from "../../src/self/log.ts";
import { Telemetry } from "../../src/self/telemetry.ts";
import { systems } from "../../src/systems/registry.ts";
import type { WrittenSeries } from "./remote-write.ts";

const limits = { perMetric: 2_000, total: 10_000 } as const;

const promises = {
  "*": { latency: { warning: "60s", critical: "300s" }, size: { critical: 1_000 } },
} as const;

/** Reads the demo world for a while of its own time, and hands on what the agent would export at each tick. */
export async function watchDemo(
  { startMs, minutes, interval }: { startMs: number; minutes: number; interval: number },
  deliver: (series: readonly WrittenSeries[]) => Promise<void>,
): Promise<void> {
  const world = createWorld({ seed: "dashboards", startMs });
  const clock = { now: () => world.now(), monotonic: () => world.now() };
  const standIn = await startStandIn({ now: clock.now, database: world.database });
  const demo = { name: "demo", redis: standIn.url, queues: promises, workers: { minimum: 1 } };
  const config = configSchema.parse({ interval, environment: "demo", targets: [demo] });
  const [settings] = config.targets;
  if (!settings) throw new Error("no target");
  const redis = openRedis(settings.redis);
  const telemetry = new Telemetry(config.environment, limits, clock);
  const target = new Target({
    name: settings.name,
    system: settings.system,
    environment: config.environment,
    redis,
    readers: new Readers(settings, redis, systems),
    readServer: (signal) => readServerHealth(redis, signal),
    view: targetView(config, settings, "key"),
    limits,
    namedQueues: [],
    timeoutMs: 10_000,
    clock,
    log: new Log({ level: "error", format: "logfmt", now: clock.now, write: (line) => process.stderr.write(line) }),
    telemetry,
    stateFile: undefined,
  });
  const sent = { name: "prometheus", counts: { produced: 0, delivered: 0, rejected: 0, dropped: 0, queued: 0 } };
  try {
    for (let tick = 1; tick <= (minutes * 60) / interval; tick += 1) {
      world.advance(startMs + tick * interval * 1_000);
      const read = await target.tick(new AbortController().signal);
      if (target.failure) throw target.failure;
      await deliver([read, telemetry.collect([sent])].flatMap(writtenSeries));
    }
  } finally {
    redis.close();
    await standIn.close();
  }
}

function writtenSeries({ timeMs, families }: Collection): WrittenSeries[] {
  return families.flatMap((family) => family.points.flatMap((point) => pointSeries(family, point, timeMs / 1_000)));
}

function pointSeries(
  { metric }: Family,
  { attributes, value }: Family["points"][number],
  time: number,
): WrittenSeries[] {
  const name = prometheusName(metric);
  const labels = Object.fromEntries(Object.entries(attributes).map(([key, text]) => [prometheusLabel(key), text]));
  const one = (suffix: string, sample: number, more: Record<string, string> = {}): WrittenSeries => ({
    labels: { ...labels, ...more, __name__: `${name}${suffix}` },
    samples: [[time, sample]],
  });
  if (typeof value === "number") return [one("", value)];
  let below = 0;
  const buckets = value.counts.map((count, index) =>
    one("_bucket", (below += count), { le: String(metric.bounds[index] ?? "+Inf") }),
  );
  return [...buckets, one("_count", below), one("_sum", value.sum)];
}

// A reader of Resque in a process of its own, so that its memory and CPU can be measured: `resque-watch.ts URL`.
// Each message makes it read once; it answers with what that cost, and how many queues' latency is known.
import { openRedis } from "../../src/redis/client.ts";
import { resque } from "../../src/systems/resque/system.ts";
import { redisConfig } from "../systems/resque/world.ts";

/** What one read cost its process, and what came of it. */
export interface Watched {
  readonly cpu: number;
  readonly bytes: number;
  readonly commands: number;
  readonly rss: number;
  readonly known: number;
  readonly wallMs: number;
}

const redis = openRedis(redisConfig(process.argv[2] ?? ""));
const reader = resque.open(redis, { prefix: "resque:", namedQueues: [], schedules: {}, includePast: false });

async function watch(): Promise<Watched> {
  const [cost, before, started] = [{ ...redis.cost }, process.cpuUsage(), performance.now()];
  const { queues } = await reader.read(AbortSignal.timeout(60_000));
  const used = process.cpuUsage(before);
  return {
    cpu: (used.user + used.system) / 1_000,
    bytes: redis.cost.receivedBytes - cost.receivedBytes,
    commands: redis.cost.commands - cost.commands,
    rss: process.memoryUsage().rss / 1024 ** 2,
    known: queues.filter(({ latency }) => latency !== undefined).length / Math.max(1, queues.length),
    wallMs: performance.now() - started,
  };
}

process.on("message", () => void watch().then((watched) => process.send?.(watched)));

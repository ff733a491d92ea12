import { setTimeout as sleep } from "node:timers/promises";
import { openRedis } from "../../src/redis/client.ts";
import { sidekiq } from "../../src/systems/sidekiq/system.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { redisConfig } from "../systems/resque/world.ts";
import { sendCommands } from "./resque-data.ts";
import type { Figure } from "./figure.ts";
import { beats, job, sidekiqCommands, sidekiqLarge, sidekiqSmall, type SidekiqShape } from "./sidekiq-data.ts";

/** What one read costs: CPU of this process and of Redis in ms, bytes. */
interface Cost {
  readonly cpu: number;
  readonly redisCpu: number;
  readonly bytes: number;
}

interface Bounds {
  readonly cpu: number;
  readonly redisCpu: number;
  readonly bytes: number;
  readonly dearestCpu?: number;
}

const ticks = 24;

async function measure(name: string, shape: SidekiqShape, bounds: Bounds): Promise<Figure[]> {
  const server = await startRedisServer();
  await sendCommands(server.port, sidekiqCommands(shape, Date.now()));
  const redis = openRedis(redisConfig(server.url));
  const reader = sidekiq.open(redis, { prefix: "", namedQueues: [], schedules: {}, includePast: false });
  const redisCpu = async () => {
    const info = await server.cli(["INFO", "cpu"]);
    const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, seconds]) => Number(seconds));
    return used.reduce((sum, seconds) => sum + seconds * 1_000, 0);
  };
  const tick = async (): Promise<Cost> => {
    const [bytes, serverBefore, before] = [redis.cost.receivedBytes, await redisCpu(), process.cpuUsage()];
    await reader.read(AbortSignal.timeout(60_000));
    const used = process.cpuUsage(before);
    const cpu = (used.user + used.system) / 1_000;
    return { cpu, redisCpu: (await redisCpu()) - serverBefore, bytes: redis.cost.receivedBytes - bytes };
  };
  const first = await tick();
  for (let warm = 0; warm < 10; warm++) await tick();
  const costs: Cost[] = [];
  for (let at = 0; at < ticks; at++) {
    await sendCommands(server.port, moves(shape, at));
    await sendCommands(server.port, beats(shape));
    costs.push(await tick());
    await sleep(20);
  }
  redis.close();
  await server.stop();
  return figures(name, costs, { first, bounds });
}

/** A fifth of the queues moves on by ten jobs between two reads. */
function* moves(shape: SidekiqShape, tick: number): Generator<readonly string[]> {
  for (let queue = tick % 5; queue < shape.queues; queue += 5) {
    const jobs = Array.from({ length: 10 }, (_, n) => job(tick * 1_000 + n, `q${queue}`, Date.now()));
    yield ["LPUSH", `queue:q${queue}`, ...jobs];
    yield ["RPOP", `queue:q${queue}`, "10"];
  }
}

function figures(
  name: string,
  costs: readonly Cost[],
  { first, bounds }: { readonly first: Cost; readonly bounds: Bounds },
): Figure[] {
  const mean = (key: keyof Cost) => costs.reduce((sum, cost) => sum + cost[key], 0) / costs.length;
  const dearest = (key: keyof Cost) => Math.max(...costs.map((cost) => cost[key]));
  const dearestBound = bounds.dearestCpu === undefined ? {} : { bound: bounds.dearestCpu };
  return [
    { name: `${name}, CPU a tick`, value: mean("cpu"), unit: "ms", bound: bounds.cpu },
    { name: `${name}, CPU of the dearest tick`, value: dearest("cpu"), unit: "ms", ...dearestBound },
    { name: `${name}, CPU of the first tick`, value: first.cpu, unit: "ms" },
    { name: `${name}, Redis CPU a tick`, value: mean("redisCpu"), unit: "ms" },
    { name: `${name}, Redis CPU of the dearest tick`, value: dearest("redisCpu"), unit: "ms", bound: bounds.redisCpu },
    { name: `${name}, received a tick`, value: mean("bytes") / 1_000, unit: "kB", bound: bounds.bytes / 1_000 },
    { name: `${name}, received in the first tick`, value: first.bytes / 1_000, unit: "kB" },
  ];
}

export const benchSidekiqSmall = (): Promise<Figure[]> =>
  measure("S-small", sidekiqSmall, { cpu: 10, redisCpu: 1.5, bytes: 90_000 });

export const benchSidekiqLarge = (): Promise<Figure[]> =>
  measure("S-large", sidekiqLarge, { cpu: 60, dearestCpu: 150, redisCpu: 25, bytes: 2_500_000 });

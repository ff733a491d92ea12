import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";
import type { Figure } from "./figure.ts";
import { longestWait } from "./longest-wait.ts";
import { sendCommands } from "./resque-data.ts";
import { beats, sidekiqCommands, sidekiqLarge, sidekiqSmall, type SidekiqShape } from "./sidekiq-data.ts";

/** As in the image and the systemd unit. */
const productionFlags = ["--max-semi-space-size=2", "--max-old-space-size=128", "--v8-pool-size=1"];
/** What runs once a second takes V8 a minute to compile; a daemon's cost is that of the time after. */
const warmMs = 60_000;
const beatMs = 10_000;
const aloneMs = 5_000;
const ticks = 20;
const clockTicksPerSecond = 100;

/** What Redis and its other clients are like while nobody watches. */
interface Alone {
  readonly redisCpuPerSecond: number;
  readonly longestWait: number;
}

interface Watched {
  readonly alone: Alone;
  readonly agent: ChildProcess;
  readonly server: RedisServer;
  readonly receiver: OtlpReceiver;
  readonly firstAckMs: number;
  stop(): Promise<void>;
}

/** The bundled agent, a real redis-server with the data, and a receiver that accepts everything. */
async function watch(commands: Iterable<readonly string[]>, intervalMs: number): Promise<Watched> {
  const server = await startRedisServer();
  await sendCommands(server.port, commands);
  const alone = await lookAt(server);
  const receiver = await startOtlpReceiver();
  await server.cli(["CONFIG", "RESETSTAT"]);
  const started = performance.now();
  const agent = spawn(process.execPath, [...productionFlags, "dist/queuewatch.js", "run", "--log-level", "error"], {
    stdio: "inherit",
    env: {
      PATH: process.env["PATH"],
      QUEUEWATCH_CONFIG: "test/bench/agent.yaml",
      REDIS_URL: server.url,
      OTLP_URL: receiver.url,
      INTERVAL: `${intervalMs}ms`,
    },
  });
  while (receiver.requests.length === 0) await sleep(2);
  const firstAckMs = performance.now() - started;
  const stop = async () => {
    agent.kill("SIGTERM");
    await once(agent, "exit");
    await receiver.close();
    await server.stop();
  };
  return { alone, agent, server, receiver, firstAckMs, stop };
}

/** CPU seconds and resident MiB of a process. Source: proc(5). */
async function usage(pid: number): Promise<{ cpu: number; rss: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
  return { cpu: (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond, rss };
}

async function redisUsage(server: RedisServer): Promise<{ cpu: number; sent: number }> {
  const text = await server.cli(["INFO"]);
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1]);
  return { cpu: number("used_cpu_sys") + number("used_cpu_user"), sent: number("total_net_output_bytes") };
}

async function lookAt(server: RedisServer): Promise<Alone> {
  const before = await redisUsage(server);
  await sleep(aloneMs);
  const { cpu } = await redisUsage(server);
  return {
    redisCpuPerSecond: ((cpu - before.cpu) * 1_000) / aloneMs,
    longestWait: await longestWait(server.port, aloneMs),
  };
}

/** Write commands among those that were sent. */
async function writes(server: RedisServer): Promise<number> {
  const text = await server.cli(["INFO", "commandstats"]);
  const names = [...text.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)];
  const flags = await Promise.all(names.map(([, name = ""]) => server.cli(["COMMAND", "INFO", name])));
  return names.reduce((sum, [, , calls], index) => sum + (/\bwrite\b/.test(flags[index] ?? "") ? Number(calls) : 0), 0);
}

interface Bounds {
  readonly rss: number;
  readonly cpu: number;
  readonly redisCpu: number;
  readonly bytes: number;
}

/** Data of a shape, with what else stands in the database. */
interface Data {
  readonly shape: SidekiqShape;
  readonly commands: Iterable<readonly string[]>;
}

async function measure(name: string, { shape, commands }: Data, bounds: Bounds): Promise<Figure[]> {
  const watched = await watch(commands, 1_000);
  const { agent, alone, server, firstAckMs } = watched;
  let beaten = 0;
  const heart = setInterval(() => {
    beaten += shape.processes;
    void sendCommands(server.port, beats(shape));
  }, beatMs);
  await sleep(warmMs);
  const [before, redisBefore] = [await usage(agent.pid ?? 0), await redisUsage(server)];
  let rss = before.rss;
  for (let tick = 0; tick < ticks; tick++) {
    await sleep(1_000);
    rss = Math.max(rss, (await usage(agent.pid ?? 0)).rss);
  }
  const [after, redisAfter] = [await usage(agent.pid ?? 0), await redisUsage(server)];
  clearInterval(heart);
  const written = (await writes(server)) - beaten;
  const wait = await longestWait(server.port, aloneMs);
  await watched.stop();
  const each = (value: number) => (value * 1_000) / ticks;
  return [
    { name: `${name}, whole agent: start to first acknowledged export`, value: firstAckMs, unit: "ms", bound: 1_000 },
    { name: `${name}, whole agent: CPU a tick`, value: each(after.cpu - before.cpu), unit: "ms", bound: bounds.cpu },
    { name: `${name}, whole agent: RSS, highest`, value: rss, unit: "MiB", bound: bounds.rss },
    {
      name: `${name}, Redis CPU a tick, above its idle use`,
      value: each(redisAfter.cpu - redisBefore.cpu - ticks * alone.redisCpuPerSecond),
      unit: "ms",
      bound: bounds.redisCpu,
    },
    {
      name: `${name}, received a tick`,
      value: (redisAfter.sent - redisBefore.sent) / 1_000 / ticks,
      unit: "kB",
      bound: bounds.bytes,
    },
    { name: `${name}, write commands besides the workers' own`, value: written, unit: "", bound: 0 },
    { name: `${name}, longest wait of another client while nobody watches`, value: alone.longestWait, unit: "ms" },
    { name: `${name}, longest wait of another client`, value: wait, unit: "ms", bound: alone.longestWait + 5 },
  ];
}

function* withForeignKeys(shape: SidekiqShape, count: number): Generator<readonly string[]> {
  yield* sidekiqCommands(shape, Date.now());
  for (let key = 0; key < count; key += 100)
    yield ["MSET", ...Array.from({ length: 100 }, (_, n) => [`foreign:${key + n}`, "x"]).flat()];
}

const smallBounds: Bounds = { rss: 110, cpu: 10, redisCpu: 1.5, bytes: 90 };

const dataOf = (shape: SidekiqShape): Data => ({ shape, commands: sidekiqCommands(shape, Date.now()) });

export const benchAgentSmall = (): Promise<Figure[]> => measure("S-small", dataOf(sidekiqSmall), smallBounds);

export const benchAgentForeign = (): Promise<Figure[]> =>
  measure(
    "S-small and a million foreign keys",
    { shape: sidekiqSmall, commands: withForeignKeys(sidekiqSmall, 1_000_000) },
    smallBounds,
  );

export const benchAgentLarge = (): Promise<Figure[]> =>
  measure("S-large", dataOf(sidekiqLarge), { rss: 160, cpu: 60, redisCpu: 25, bytes: 2_500 });

/** Ten queues, nobody at work, read each 15 s. */
export async function benchAgentIdle(): Promise<Figure[]> {
  const shape = { ...sidekiqSmall, queues: 10, processes: 1 };
  const watched = await watch(sidekiqCommands(shape, Date.now()), 15_000);
  await sleep(40_000);
  const { rss, cpu } = await usage(watched.agent.pid ?? 0);
  await watched.stop();
  return [
    { name: "idle, whole agent: RSS after 40 s", value: rss, unit: "MiB", bound: 80 },
    { name: "idle, whole agent: CPU from its start, 40 s", value: cpu * 1_000, unit: "ms" },
  ];
}

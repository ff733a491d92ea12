import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { openRedis } from "../../src/redis/client.ts";
import { resque } from "../../src/systems/resque/system.ts";
import type { QueueState } from "../../src/systems/system.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { redisConfig } from "../systems/resque/world.ts";
import type { Figure } from "./figure.ts";
import { jobs, resqueCommands, resqueLarge, sendCommands } from "./resque-data.ts";
import type { Watched } from "./resque-watch.ts";

const ticks = 20;

interface Bench {
  readonly server: RedisServer;
  tick(): Promise<Cost>;
  stop(): Promise<void>;
}

/** What one read costs; `redisCpu` in ms. */
interface Cost extends Watched {
  readonly redisCpu: number;
}

/** As in the container and the systemd unit. */
const productionFlags = ["--max-semi-space-size=2", "--max-old-space-size=128", "--v8-pool-size=1"];

/** The reader as it is in production: one bundle, without the compiler's share of memory. */
async function bundled(dir: string): Promise<string> {
  const outfile = join(dir, "resque-watch.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("resque-watch.ts", import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return outfile;
}

async function openBench(commands: Iterable<readonly string[]>): Promise<Bench> {
  const server = await startRedisServer();
  await sendCommands(server.port, commands);
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-bench-"));
  const child = fork(await bundled(dir), [server.url], { execArgv: [...productionFlags] });
  const redisCpu = async () => {
    const info = await server.cli(["INFO", "cpu"]);
    const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, seconds]) => Number(seconds));
    return used.reduce((sum, seconds) => sum + seconds * 1_000, 0);
  };
  const tick = async () => {
    const before = await redisCpu();
    child.send("read");
    const [watched] = (await once(child, "message")) as [Watched];
    return { ...watched, redisCpu: (await redisCpu()) - before };
  };
  const stop = async () => {
    child.kill("SIGKILL");
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { server, tick, stop };
}

const meanOf = (costs: readonly Cost[], key: keyof Cost) =>
  costs.reduce((sum, cost) => sum + cost[key], 0) / costs.length;

/** R-large: 1,000 queues of 50 jobs, 2,000 workers (half of them busy), 10,000 failures; queues move between reads. */
export async function benchResqueLarge(): Promise<Figure[]> {
  const bench = await openBench(resqueCommands(resqueLarge, Date.now()));
  const first = await bench.tick();
  for (let warm = 0; warm < 5; warm++) await bench.tick();
  const costs: Cost[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    // A fifth of the queues moves on by ten jobs.
    await sendCommands(bench.server.port, moves(tick));
    costs.push(await bench.tick());
  }
  const rss = Math.max(...costs.map((cost) => cost.rss));
  await bench.stop();
  return [
    { name: "R-large, CPU a tick", value: meanOf(costs, "cpu"), unit: "ms", bound: 60 },
    { name: "R-large, Redis CPU a tick", value: meanOf(costs, "redisCpu"), unit: "ms", bound: 10 },
    { name: "R-large, bytes a tick", value: meanOf(costs, "bytes") / 1_000, unit: "kB" },
    { name: "R-large, commands a tick", value: meanOf(costs, "commands"), unit: "" },
    { name: "R-large, CPU of the first tick", value: first.cpu, unit: "ms" },
    { name: "R-large, RSS", value: rss, unit: "MiB", bound: 120 },
  ];
}

function* moves(tick: number): Generator<readonly string[]> {
  for (let queue = tick % 5; queue < resqueLarge.queues; queue += 5) {
    yield ["RPUSH", `resque:queue:q${queue}`, ...jobs(queue, 1_000 + tick * 10, 10)];
    yield ["LPOP", `resque:queue:q${queue}`, "10"];
  }
  yield ["INCRBY", "resque:stat:processed", "2000"];
}

/** 200 queues into which 20,000 jobs each are pushed between reads: how much Redis works, how much stays known. */
export async function benchResqueFlood(): Promise<Figure[]> {
  const queues = 200;
  const start = resqueCommands({ queues, jobsPerQueue: 10, workers: 0, busy: 0, failed: 0 }, Date.now());
  const bench = await openBench(start);
  await bench.tick();
  await bench.tick();
  const costs: Cost[] = [];
  let known = 0;
  for (let tick = 0; tick < 3; tick++) {
    await sendCommands(bench.server.port, flood(queues, tick));
    costs.push(await bench.tick());
    // The ten jobs of before the agent are taken by now: every queue's oldest job was seen coming.
    known = costs.at(-1)?.known ?? 0;
  }
  await bench.stop();
  return [
    {
      name: "flood of 200 × 20,000 jobs, dearest tick, Redis CPU",
      value: Math.max(...costs.map((cost) => cost.redisCpu)),
      unit: "ms",
    },
    { name: "flood, dearest tick, CPU", value: Math.max(...costs.map((cost) => cost.cpu)), unit: "ms" },
    { name: "flood, queues whose latency is known at the end", value: known * 100, unit: "%" },
  ];
}

function* flood(queues: number, tick: number): Generator<readonly string[]> {
  for (let queue = 0; queue < queues; queue++) {
    for (let from = 0; from < 20_000; from += 500)
      yield ["RPUSH", `resque:queue:q${queue}`, ...jobs(queue, 100_000 * (tick + 1) + from, 500)];
    yield ["LPOP", `resque:queue:q${queue}`, "20"];
  }
  yield ["INCRBY", "resque:stat:processed", String(20 * queues)];
}

/** One kind of traffic against which the estimate of latency is judged. */
interface Traffic {
  readonly queue: string;
  readonly perSecond: number;
  readonly taken: number;
  /** Share of jobs with the same payload as others. */
  readonly equal: number;
}

const traffics: readonly Traffic[] = [
  { queue: "unique, long backlog", perSecond: 60, taken: 30, equal: 0 },
  { queue: "30 % equal, long backlog", perSecond: 60, taken: 30, equal: 0.3 },
  { queue: "unique, short backlog", perSecond: 20, taken: 24, equal: 0 },
  { queue: "30 % equal, short backlog", perSecond: 20, taken: 24, equal: 0.3 },
  { queue: "all equal", perSecond: 20, taken: 18, equal: 1 },
];

interface Trial extends Traffic {
  serial: number;
  readonly pushedMs: number[];
  popped: number;
  readonly errors: number[];
  inside: number;
  unsaid: number;
}

/**
 * A living producer and consumer, with bursts of 300 and pauses, for `seconds`; the estimate read every `pollSeconds`
 * against the truth, which the producer keeps.
 */
export async function benchResqueLatency(seconds = 60, pollSeconds = 1): Promise<Figure[]> {
  const server = await startRedisServer();
  const redis = openRedis(redisConfig(server.url));
  const reader = resque.open(redis, { prefix: "resque:", namedQueues: [], schedules: {}, includePast: false });
  const none = { serial: 0, popped: 0, inside: 0, unsaid: 0 };
  const trials = traffics.map((kind): Trial => ({ ...kind, ...none, pushedMs: [], errors: [] }));
  await sendCommands(
    server.port,
    trials.map(({ queue }) => ["SADD", "resque:queues", queue]),
  );
  await reader.read(AbortSignal.timeout(10_000));
  const end = Date.now() + seconds * 1_000;
  let lastPoll = Date.now();
  while (Date.now() < end) {
    const paused = Math.floor(Date.now() / 10_000) % 3 === 2;
    await sendCommands(
      server.port,
      trials.flatMap((trial) => traffic(trial, 0.1, paused)),
    );
    if (Date.now() - lastPoll >= pollSeconds * 1_000) {
      lastPoll = Date.now();
      const { queues } = await reader.read(AbortSignal.timeout(10_000));
      for (const trial of trials)
        judge(
          trial,
          queues.find(({ queue }) => queue === trial.queue),
        );
    }
    await sleep(100);
  }
  redis.close();
  await server.stop();
  return trials.flatMap((trial) => figuresOf(trial, pollSeconds));
}

function traffic(trial: Trial, seconds: number, paused: boolean): (readonly string[])[] {
  const pushes = chance(trial.perSecond * seconds) + (Math.random() < 0.002 ? 300 : 0);
  const waiting = trial.pushedMs.length - trial.popped;
  const pops = paused ? 0 : Math.min(chance(trial.taken * seconds), waiting);
  const key = `resque:queue:${trial.queue}`;
  const added = Array.from({ length: pushes }, () => {
    trial.pushedMs.push(Date.now());
    const equal = Math.random() < trial.equal;
    return JSON.stringify({ class: "Job", args: [equal ? "same" : trial.serial++] });
  });
  trial.popped += pops;
  return [
    ...(added.length > 0 ? [["RPUSH", key, ...added]] : []),
    ...(pops > 0
      ? [
          ["LPOP", key, String(pops)],
          ["INCRBY", "resque:stat:processed", String(pops)],
        ]
      : []),
  ];
}

/** A whole number whose mean this is. */
function chance(expected: number): number {
  return Math.floor(expected) + (Math.random() < expected % 1 ? 1 : 0);
}

function judge(trial: Trial, said: QueueState | undefined): void {
  const head = trial.pushedMs[trial.popped];
  if (head === undefined || !said) return;
  if (said.latency === undefined) {
    trial.unsaid++;
    return;
  }
  const error = Math.abs(said.latency - (Date.now() - head) / 1_000);
  trial.errors.push(error);
  if (error <= (said.latencyUncertainty ?? 0) + 0.3) trial.inside++;
}

function figuresOf({ queue, errors, inside, unsaid }: Trial, pollSeconds: number): Figure[] {
  const name = `latency, ${queue}, read every ${pollSeconds} s`;
  const sorted = errors.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [
    { name: `${name}: median error`, value: at(0.5), unit: "s" },
    { name: `${name}: p95`, value: at(0.95), unit: "s" },
    { name: `${name}: largest`, value: at(1), unit: "s" },
    {
      name: `${name}: inside its bounds`,
      value: errors.length === 0 ? 100 : (inside / errors.length) * 100,
      unit: "%",
    },
    { name: `${name}: reads with no answer`, value: (unsaid / Math.max(1, unsaid + errors.length)) * 100, unit: "%" },
  ];
}

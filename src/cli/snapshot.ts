import { Readers } from "../collect/readers.ts";
import { parseConfig, loadConfig } from "../config/load.ts";
import { isRedisUrl } from "../config/rules.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import { openRedis } from "../redis/client.ts";
import { systems } from "../systems/registry.ts";
import type { Snapshot } from "../systems/system.ts";
import { configOption, exitCodes, type Args, type Command, type Io } from "./command.ts";
import { describeError } from "./program-error.ts";
import { renderSnapshots, snapshotFormats, type Taken } from "./snapshot-formats.ts";
import { overrideTargets, targetOptions } from "./target-options.ts";

const defaultTimeout = 10;

async function run(args: Args, io: Io): Promise<number> {
  const config = overrideTargets(await configOf(args, io), args);
  const taken: Taken[] = [];
  let failed = false;
  for (const target of config.targets) {
    try {
      taken.push({ target, snapshots: await takeSnapshots(target, io.signal) });
    } catch (error) {
      failed = true;
      io.err(describeError(error, target.name));
    }
  }
  const format = snapshotFormats.find((known) => known === args.text("format")) ?? "table";
  io.out(await renderSnapshots(format, taken, { config, io }));
  return failed ? exitCodes.failed : exitCodes.ok;
}

async function configOf(args: Args, io: Io): Promise<Config> {
  const url = args.text("redis");
  if (url === undefined) return loadConfig({ file: args.text("config"), env: io.env });
  if (!isRedisUrl(url)) throw new QueuewatchError("USAGE", "--redis is no Redis URL: redis://host:6379/0");
  if (new URL(url).password !== "")
    io.err("queuewatch: every user of this machine can see a password on the command line: better set REDIS_URL\n");
  return parseConfig("{}", { file: "--redis", env: { REDIS_URL: url } });
}

/** One read of all systems of a target, with what Redis still holds of the past. */
async function takeSnapshots(target: TargetConfig, stop: AbortSignal): Promise<Snapshot[]> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(Math.ceil((target.timeout ?? defaultTimeout) * 1_000))]);
  const redis = openRedis(target.redis);
  try {
    const readers = await new Readers(target, redis, systems, true).current(0, signal);
    if (readers.length === 0) throw new QueuewatchError("SYSTEM_NOT_FOUND", "no trace of a known job system");
    const snapshots: Snapshot[] = [];
    for (const { reader } of readers) snapshots.push(await reader.read(signal));
    return snapshots;
  } finally {
    redis.close();
  }
}

export const command: Command = {
  name: "snapshot",
  summary: "Read Redis once and show what is there.",
  options: {
    redis: { value: "URL", help: "Look at this Redis, without a config." },
    ...targetOptions,
    ...configOption,
    format: { value: "FORMAT", choices: snapshotFormats, help: "Default: table." },
  },
  examples: [
    ["REDIS_URL=redis://localhost:6379/0 queuewatch snapshot", "Queues, sets, workers and classes as tables."],
    ["queuewatch snapshot --format json | jq '.[].queues'", "The same as JSON."],
    ["queuewatch snapshot --redis unix:///run/redis.sock --system resque --namespace app1", "Another place."],
  ],
  run,
};

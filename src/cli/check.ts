import { loadConfig } from "../config/load.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import { openRedis } from "../redis/client.ts";
import { systems } from "../systems/registry.ts";
import { fault, findingLines, note, ok, type Finding } from "./check/finding.ts";
import { checkListen, checkOpenness, checkStateDir } from "./check/host.ts";
import { checkTarget } from "./check/target.ts";
import { configOption, exitCodes, type Args, type Command, type Io } from "./command.ts";
import { overrideTargets, targetOptions } from "./target-options.ts";
import { painter } from "./terminal.ts";

const targetTimeoutMs = 15_000;

async function run(args: Args, io: Io): Promise<number> {
  // Only the generator knows which alerts there are.
  const { checkAlertNames } = await import("../generate/checked-config.ts");
  const loaded = await loadConfig({ file: args.text("config"), env: io.env, check: checkAlertNames });
  const config = overrideTargets(loaded, args);
  const paint = painter(io.color);
  const all: Finding[] = [];
  const show = (title: string, findings: readonly Finding[]): void => {
    all.push(...findings);
    io.out(findingLines(title, findings, paint));
  };
  for (const target of config.targets) show(target.name, await lookAt(target, args.flag("scan"), io.signal));
  show("export", await checkOutputs(config, io));
  show("machine", await checkMachine(config));
  const faults = all.filter(({ level }) => level === "fault").length;
  io.out(faults === 0 ? paint("green", "It will work.\n") : paint("red", `${faults} to mend.\n`));
  return faults === 0 ? exitCodes.ok : exitCodes.failed;
}

async function lookAt(target: TargetConfig, scan: boolean, stop: AbortSignal): Promise<Finding[]> {
  const redis = openRedis(target.redis);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(targetTimeoutMs)]);
  try {
    return await checkTarget(target, { redis, systems, now: Date.now, signal, scan });
  } finally {
    redis.close();
  }
}

/** Sends a real request to each destination: one point, the age of this process. */
async function checkOutputs(config: Config, { env, version }: Io): Promise<Finding[]> {
  if (config.export.otlp.length === 0)
    return [
      note("otlp", "nothing is pushed", "Name a destination under `export.otlp`, or set OTEL_EXPORTER_OTLP_ENDPOINT."),
    ];
  const { probeDestinations } = await import("../export/probe.ts");
  const results = await probeDestinations(config, { ...env }, { version });
  return results.map(({ url, accepted, code, reason }) =>
    accepted
      ? ok("otlp", `${url} accepts our requests`)
      : fault("otlp", new QueuewatchError(code ?? "INTERNAL", `${url}: ${reason}`)),
  );
}

async function checkMachine(config: Config): Promise<Finding[]> {
  const { prometheus } = config.export;
  const server = prometheus ? [await checkListen(prometheus.listen), ...checkOpenness(prometheus)] : [];
  return [...server, await checkStateDir(config.state_dir)];
}

export const command: Command = {
  name: "check",
  summary: "Tell whether it will work here: Redis, rights, job systems, destinations.",
  options: {
    ...targetOptions,
    scan: { help: "Look for namespaces that the config does not name; the user must be allowed to SCAN." },
    ...configOption,
  },
  examples: [
    ["REDIS_URL=redis://localhost:6379/0 queuewatch check", "Exit code 0 when there is nothing to mend, else 1."],
    ["queuewatch check --config queuewatch.yaml", "All targets and destinations of a config."],
  ],
  run,
};

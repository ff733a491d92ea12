import { once } from "node:events";
import { LiveConfig } from "../config/live-config.ts";
import type { Config } from "../config/schema.ts";
import { systemClock } from "../self/clock.ts";
import { doAll } from "../self/do-all.ts";
import { Log, logFormats, logLevels } from "../self/log.ts";
import { type Args, type Command, configOption, exitCodes, type Io, logOptions } from "./command.ts";
import { followConfig, listenForHangup } from "./follow-config.ts";
import { startService } from "./service.ts";

/** How long it may take to send what is queued when the program is asked to end. */
const flushMs = 4_500;
/** After this long it ends whatever still waits, as for a file system that hangs; systemd and Kubernetes kill after 10 s or more. */
const endMs = 8_000;

async function run(args: Args, io: Io): Promise<number> {
  const live = await LiveConfig.open({ file: args.text("config"), env: io.env });
  const { config } = live;
  const log = logOf(config, args, io);
  const service = await startService(config, { env: io.env, log, clock: systemClock(), version: io.version });
  log.info("started", {
    version: io.version,
    targets: config.targets.map(({ name }) => name).join(","),
    interval: config.interval,
    destinations: config.export.otlp.length,
    ...(service.address === undefined ? {} : { metrics: `${service.address}/metrics` }),
  });
  reportStray(log);
  const hangup = listenForHangup(io.signal);
  const following = followConfig(live, { agent: service.agent, log, signal: io.signal, wait: hangup.wait });
  if (!io.signal.aborted) await once(io.signal, "abort");
  log.info("stopping");
  setTimeout(() => process.exit(exitCodes.failed), endMs).unref();
  await doAll([() => service.stop(AbortSignal.timeout(flushMs)), () => following, hangup.close]);
  log.info("stopped");
  return exitCodes.ok;
}

/** The log that the config describes; options of the command line win. */
export function logOf(config: Config, args: Args, io: Io): Log {
  return new Log({
    level: logLevels.find((level) => level === args.text("log-level")) ?? config.log.level,
    format: logFormats.find((format) => format === args.text("log-format")) ?? config.log.format,
    write: io.err,
    now: Date.now,
  });
}

/**
 * Mistakes of ours are said in one line. After a promise that nobody waited for the agent goes on reading; after an
 * exception that nobody caught it ends, to be started again.
 */
function reportStray(log: Log): void {
  process.on("unhandledRejection", (reason) => log.failure(reason));
  process.on("uncaughtException", (error) => {
    log.failure(error);
    process.exit(exitCodes.failed);
  });
}

export const command: Command = {
  name: "run",
  summary: "Watch the targets and push what is seen, until stopped.",
  options: { ...configOption, ...logOptions },
  examples: [
    [
      "REDIS_URL=redis://localhost:6379/0 OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 queuewatch run",
      "Nothing but the environment.",
    ],
    ["queuewatch run --config queuewatch.yaml", "Many targets, promises of queues, vendors."],
  ],
  run,
};

import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import { systemClock } from "../self/clock.ts";
import { Log } from "../self/log.ts";
import { exitCodes, type Args, type Command, type Io } from "./command.ts";
import { configOfDemo, onFreePort, withDestination } from "./demo/config.ts";
import { frameText, type Frame } from "./demo/frame.ts";
import { History } from "./demo/history.ts";
import { readingsOf } from "./demo/readings.ts";
import { startReceiver, type Receiver } from "./demo/receiver.ts";
import { openScreen } from "./demo/screen.ts";
import { startWorld, type WorldService } from "./demo/world-service.ts";
import { startService, type Service } from "./service.ts";
import { painter } from "./terminal.ts";

/** How long what is queued may still be sent: who ends a demo does not wait. */
const flushMs = 300;
const firstLookMs = 50;
const defaultSpeed = 60;
const defaultSeed = "queuewatch";
const keptNotices = 3;

async function run(args: Args, io: Io): Promise<number> {
  const speed = speedOf(args);
  const life = isSet(io.env["REDIS_URL"])
    ? undefined
    : await startWorld({ seed: args.text("seed") ?? defaultSeed, speed });
  const open: { close(): Promise<void> }[] = life ? [life] : [];
  try {
    const config = configOfDemo(io.env, life?.url);
    const receiver = life && config.export.otlp.length === 0 ? await startReceiver() : undefined;
    if (receiver) open.push(receiver);
    const notices = new Notices();
    const started = await startSomewhere(config, { io, receiver, notices });
    open.push({ close: () => started.service.stop(AbortSignal.timeout(flushMs)) });
    await watch({ ...started, config, life, receiver, speed, notices }, io);
  } finally {
    for (const one of open.toReversed()) await one.close();
  }
  return exitCodes.ok;
}

function isSet(variable: string | undefined): boolean {
  return (variable ?? "") !== "";
}

/** The latest lines of the agent's log. */
class Notices {
  readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
    this.lines.splice(0, this.lines.length - keptNotices);
  }
}

function speedOf(args: Args): number {
  const text = args.text("speed");
  const speed = text === undefined ? defaultSpeed : Number(text);
  if (speed >= 1 && speed <= 10_000) return speed;
  throw new QueuewatchError("USAGE", "--speed takes a number from 1 to 10000");
}

interface Started {
  readonly service: Service;
  /** Whether /metrics could not be where the config wanted it. */
  readonly moved: boolean;
}

/** Starts what `run` starts; where the port of /metrics is taken, on a free one. */
async function startSomewhere(
  config: Config,
  { io, receiver, notices }: { io: Io; receiver: Receiver | undefined; notices: Notices },
): Promise<Started> {
  const log = new Log({ level: "warn", format: "logfmt", write: (line) => notices.add(line), now: Date.now });
  const whole = receiver ? withDestination(config, receiver.url) : config;
  // What goes to the demo's own receiver takes no proxy.
  const parts = { env: receiver ? {} : io.env, log, clock: systemClock(), version: io.version };
  try {
    return { service: await startService(whole, parts), moved: false };
  } catch (error) {
    if (!(error instanceof QueuewatchError) || error.code !== "LISTEN_FAILED") throw error;
    return { service: await startService(onFreePort(whole), parts), moved: true };
  }
}

interface Watched extends Started {
  readonly config: Config;
  readonly life: WorldService | undefined;
  readonly receiver: Receiver | undefined;
  readonly speed: number;
  readonly notices: Notices;
}

/** Shows what the agent says until the program is asked to end. */
async function watch({ service, moved, config, life, receiver, speed, notices }: Watched, io: Io): Promise<void> {
  const history = new History();
  const screen = openScreen(io);
  const paint = painter(io.color);
  const frame: Frame = {
    version: io.version,
    speed,
    world: life?.world,
    arrived: receiver?.arrived,
    destinations: config.export.otlp.map(({ endpoint, metrics_endpoint: whole }) => endpoint ?? whole ?? "a vendor"),
    metrics: service.address === undefined ? undefined : { url: `${service.address}/metrics`, moved },
    notices: notices.lines,
  };
  let shownMs = Number.NEGATIVE_INFINITY;
  try {
    while (!io.signal.aborted) {
      const readings = readingsOf(service.agent.collections());
      if (readings) history.add(readings);
      if (readings && performance.now() - shownMs >= screen.everyMs) {
        shownMs = performance.now();
        screen.show(frameText(frame, { readings, history, paint }));
      }
      await sleep(firstLookMs, undefined, { signal: io.signal }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }
}

export const command: Command = {
  name: "demo",
  summary: "Watch a simulated Sidekiq (or the Redis of $REDIS_URL) in a live table.",
  options: {
    speed: { value: "N", help: `How many times faster the world's days pass; default: ${defaultSpeed} (24 minutes).` },
    seed: { value: "TEXT", help: "Another world; the same text gives the same one." },
  },
  examples: [
    ["queuewatch demo", "Nothing is needed: no Redis, no collector, no network."],
    ["REDIS_URL=redis://localhost:6379/0 queuewatch demo", "The same table of your own Sidekiq or Resque, read-only."],
    ["OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 queuewatch demo", "Push the demo's numbers to a collector."],
  ],
  run,
};

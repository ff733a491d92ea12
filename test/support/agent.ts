import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithUs } from "./child-processes.ts";
import type { Ran } from "./command-line.ts";
import type { OtlpReceiver, ReceivedPoint } from "./otlp-receiver.ts";
import { freePort } from "./redis-server.ts";

const program = join(import.meta.dirname, "../../dist/queuewatch.js");

export interface AgentOptions {
  /** The config file: an object (JSON is YAML), or its text. An object gets a free address for `listen`. */
  readonly config: string | Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** The built agent, running as a process of its own. */
export interface RunningAgent {
  readonly pid: number;
  /** Path of its config file. */
  readonly file: string;
  /** What it has printed so far. */
  readonly out: string;
  readonly err: string;
  /** Undefined while it runs. */
  readonly code: number | undefined;
  /** Asks its HTTP server. */
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and what it ended with. */
  stop(): Promise<number | undefined>;
}

/** Runs a command of the built program to its end. */
export async function runBuilt(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = start(argv, env);
  await once(child.process, "close");
  return { code: child.process.exitCode ?? -1, out: child.out, err: child.err };
}

/** Starts `run` with a config file. */
export async function startAgent({ config, env = {}, args = [] }: AgentOptions): Promise<RunningAgent> {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-agent-"));
  const file = join(dir, "queuewatch.yaml");
  const listen = `127.0.0.1:${await freePort()}`;
  await writeFile(file, typeof config === "string" ? config : JSON.stringify(listening(config, listen)));
  const child = start(["run", "--config", file, ...args], env);
  const ended = once(child.process, "close");
  await listens(listen, child.process);
  return {
    pid: child.process.pid ?? 0,
    file,
    get out() {
      return child.out;
    },
    get err() {
      return child.err;
    },
    get code() {
      return child.process.exitCode ?? undefined;
    },
    get: async (path, headers = {}) => {
      const response = await fetch(`http://${listen}${path}`, { headers });
      return { status: response.status, text: await response.text() };
    },
    kill: (signal) => void child.process.kill(signal),
    stop: async () => {
      child.process.kill("SIGTERM");
      await ended;
      await rm(dir, { recursive: true, force: true });
      return child.process.exitCode ?? undefined;
    },
  };
}

/** Waits until it answers, or has ended: some are started with what it must refuse. */
async function listens(address: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (
      await fetch(`http://${address}/livez`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(20);
  }
}

function listening(config: Readonly<Record<string, unknown>>, listen: string): Record<string, unknown> {
  const exported = (config["export"] ?? {}) as Record<string, unknown>;
  const prometheus = { listen, ...(exported["prometheus"] as Record<string, unknown> | undefined) };
  return { ...config, export: { ...exported, prometheus } };
}

function start(argv: readonly string[], env: Readonly<Record<string, string>>) {
  if (!existsSync(program)) throw new Error("the program is not built: npm run build");
  const child = spawn(process.execPath, [program, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...env },
  });
  endsWithUs(child);
  const printed = { process: child, out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.err += text));
  return printed;
}

/** Resolves when the test holds; rejects after `withinMs`, by default long after anything can be merely slow. */
export async function eventually(what: string, test: () => boolean | Promise<boolean>, withinMs = 60_000) {
  const deadline = Date.now() + withinMs;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`never seen: ${what}`);
    await sleep(20);
  }
}

/** The points of the newest stored request that has a metric. */
export function latest(receiver: OtlpReceiver, metric: string): readonly ReceivedPoint[] {
  const request = receiver.requests.findLast(
    ({ stored, points }) => stored && points.some(({ name }) => name === metric),
  );
  return request?.points ?? [];
}

/** A point's name and attributes, without those that all points of a target have. */
export function seriesOf({ name, attributes }: ReceivedPoint): string {
  const own = Object.entries(attributes).filter(([key]) => !["system", "target", "environment"].includes(key));
  return own.length === 0 ? name : `${name} ${own.map(([key, value]) => `${key}=${value}`).join(" ")}`;
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithUs } from "../../support/child-processes.ts";

/** A real program that runs beside the test. */
export interface RunningProgram {
  /** A folder of its own, gone after `stop`. */
  readonly dir: string;
  readonly pid: number;
  /** What it has printed so far, both streams. */
  readonly printed: string;
  /** SIGKILL, as when the machine or the OOM killer takes it; its folder stays. */
  kill(): Promise<void>;
  /** Starts it again in its folder, after a `kill`, and resolves when it is ready. */
  restart(): Promise<void>;
  /** SIGKILL after 10 s of asking with SIGTERM. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly file: string;
  /** Arguments, given the program's own folder. */
  readonly args: (dir: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Asked until it is true; an error that it throws counts as not ready. */
  readonly ready: () => Promise<boolean>;
  /** Fills the folder before the program starts. */
  readonly prepare?: (dir: string) => Promise<void>;
}

/** Starts a program and resolves when it is ready; rejects with what it printed when it ends before, or after a minute. */
export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-stack-"));
  await options.prepare?.(dir);
  let printed = "";
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    child = spawned(options, dir, (text) => (printed += text));
    await untilReady(options, child).catch(async (error: unknown) => {
      await ended(child, "SIGTERM");
      await rm(dir, { recursive: true, force: true });
      throw new Error(`${options.file} did not start:\n${printed}`, { cause: error });
    });
  };
  await launch();
  return {
    dir,
    get pid() {
      return child.pid ?? 0;
    },
    get printed() {
      return printed;
    },
    kill: () => ended(child, "SIGKILL"),
    restart: launch,
    stop: async () => {
      await ended(child, "SIGTERM");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function spawned(options: ProgramOptions, dir: string, print: (text: string) => void): ChildProcess {
  const env = { PATH: process.env["PATH"], HOME: dir, ...options.env };
  const child = spawn(options.file, options.args(dir), { stdio: ["ignore", "pipe", "pipe"], env, cwd: dir });
  endsWithUs(child);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
  return child;
}

async function untilReady({ ready }: ProgramOptions, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await ready().catch(() => false))) {
    if (hasEnded(child)) throw new Error("it ended");
    if (Date.now() > deadline) throw new Error("a minute is over");
    await sleep(50);
  }
}

async function ended(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (hasEnded(child)) return;
  const closed = once(child, "close");
  child.kill(signal);
  const impatient = setTimeout(() => void child.kill("SIGKILL"), 10_000);
  await closed;
  clearTimeout(impatient);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Whether a GET of the URL is answered with a 2xx. */
export async function answers(url: string): Promise<boolean> {
  const { ok } = await fetch(url);
  return ok;
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A real program that runs beside the test. */
export interface RunningProgram {
  /** A folder of its own, gone after `stop`. */
  readonly dir: string;
  /** What it has printed so far, both streams. */
  readonly printed: string;
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
  const env = { PATH: process.env["PATH"], HOME: dir, ...options.env };
  const child = spawn(options.file, options.args(dir), { stdio: ["ignore", "pipe", "pipe"], env, cwd: dir });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "close");
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const impatient = setTimeout(kill, 10_000);
    await ended;
    clearTimeout(impatient);
    process.off("exit", kill);
    await rm(dir, { recursive: true, force: true });
  };
  const deadline = Date.now() + 60_000;
  while (!(await options.ready().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${options.file} did not start:\n${printed}`);
    }
    await sleep(50);
  }
  return {
    dir,
    get printed() {
      return printed;
    },
    stop,
  };
}

/** Whether a GET of the URL is answered with a 2xx. */
export async function answers(url: string): Promise<boolean> {
  const { ok } = await fetch(url);
  return ok;
}

import { runProgram } from "./program.ts";

/** Runs this process's command line, and sets its exit code. */
export async function runProcess(version: string): Promise<void> {
  const stop = new AbortController();
  ignoreClosedPipes();
  abortOnSignals(stop);
  process.exitCode = await runProgram(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    version,
    color: process.stdout.isTTY && process.stdout.hasColors(),
    terminal: process.stdout.isTTY ? () => ({ rows: process.stdout.rows }) : undefined,
    signal: stop.signal,
  });
}

/** Whoever reads our output may go away (`queuewatch snapshot | head`): that is no error. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
}

/** The first signal asks to end; a second one means it. */
function abortOnSignals(stop: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
}

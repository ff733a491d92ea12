#!/usr/bin/env node
import manifest from "../package.json" with { type: "json" };
import { runProgram } from "./cli/program.ts";

// Whoever reads our output may go away (`queuewatch snapshot | head`): that is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    // The first signal asks to end; a second one means it.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });

const io = {
  out: (text: string): void => void process.stdout.write(text),
  err: (text: string): void => void process.stderr.write(text),
  env: process.env,
  version: manifest.version,
  color: process.stdout.isTTY && process.stdout.hasColors(),
  terminal: process.stdout.isTTY ? () => ({ rows: process.stdout.rows }) : undefined,
  signal: stop.signal,
};

process.exitCode = await runProgram(process.argv.slice(2), io);

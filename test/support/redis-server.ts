import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithUs } from "./child-processes.ts";

/** A private redis-server on loopback. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Runs redis-cli with the arguments, as the default user, and gives what it printed. */
  cli(args: readonly string[], input?: string): Promise<string>;
  /** Sends a signal to the server's process. */
  kill(signal: NodeJS.Signals): void;
  /** Starts the server again on the same port, after a kill. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts redis-server on a free port, with nothing saved to disk; `args` are further settings, as on its command line,
 * `env` is added to its environment.
 */
export async function startRedisServer(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-redis-"));
  const start = () => launch(port, [...args, "--dir", dir], env);
  let child = await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli: (command, input) => redisCli(["-p", String(port), ...command], input),
    kill: (signal) => void child.kill(signal),
    restart: async () => {
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      child = await start();
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, args: readonly string[], env: Readonly<Record<string, string>>) {
  const base = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"];
  const child = spawn("redis-server", [...base, ...args], { stdio: "ignore", env: { ...process.env, ...env } });
  endsWithUs(child);
  const deadline = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`redis-server did not start on port ${port}`);
    await sleep(10);
  }
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function redisCli(args: readonly string[], input = ""): Promise<string> {
  const child = spawn("redis-cli", args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  // A command that takes no input may end before it is given: EPIPE.
  child.stdin.on("error", () => undefined).end(input);
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`redis-cli ${args.join(" ")}: exit ${code}: ${errors}${output}`);
  return output;
}

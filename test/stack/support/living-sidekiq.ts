import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startProgram, type RunningProgram } from "./process.ts";

const worker = fileURLToPath(new URL("sidekiq-worker.rb", import.meta.url));
const run = promisify(execFile);

/** Why Sidekiq cannot run here; false where it can. */
export const sidekiqMissing: string | false =
  spawnSync("ruby", ["-e", "require 'sidekiq'"], { stdio: "ignore" }).status === 0
    ? false
    : "Ruby's Sidekiq is not installed (Debian: ruby-sidekiq)";

/** Starts a real Sidekiq process with two threads that empties the queues in their order. */
export async function startSidekiq(
  url: string,
  cli: (args: readonly string[]) => Promise<string>,
  queues: readonly string[] = ["work"],
): Promise<RunningProgram> {
  const processes = async (): Promise<string[]> => (await cli(["SMEMBERS", "processes"])).split("\n");
  const before = new Set(await processes());
  return startProgram({
    file: "sidekiq",
    args: () => ["-r", worker, "-c", "2", ...queues.flatMap((queue) => ["-q", queue])],
    env: { REDIS_URL: url, LANG: "C.UTF-8" },
    ready: async () => (await processes()).some((identity) => !before.has(identity)),
  });
}

/** Pushes jobs with Sidekiq's own client. */
export async function pushSidekiq(
  url: string,
  jobClass: "Quick" | "Slow" | "Broken",
  queue: string,
  count: number,
): Promise<void> {
  const script = `require ARGV[0]; ARGV[3].to_i.times { |i| Object.const_get(ARGV[1]).set(queue: ARGV[2]).perform_async(i) }`;
  await run("ruby", ["-e", script, worker, jobClass, queue, String(count)], {
    env: { ...process.env, REDIS_URL: url, LANG: "C.UTF-8" },
  });
}

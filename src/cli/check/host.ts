import { once } from "node:events";
import { constants, type Stats } from "node:fs";
import { access, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, resolve } from "node:path";
import type { ServerConfig } from "../../config/schema.ts";
import { QueuewatchError } from "../../errors.ts";
import { systemReason } from "../../self/system-error.ts";
import { fault, note, ok, type Finding } from "./finding.ts";

/** Whether the agent could listen there; who asks while the agent runs is told that the address is in use. */
export async function checkListen(listen: string): Promise<Finding> {
  const at = listen.lastIndexOf(":");
  const server = createServer();
  try {
    server.listen(Number(listen.slice(at + 1)), listen.slice(0, at).replaceAll(/[[\]]/g, ""));
    await once(server, "listening");
    return ok("listen", `${listen} is free for /metrics, /livez and /readyz`);
  } catch (error) {
    const reason = systemReason(error);
    if (!reason.includes("EADDRINUSE")) return fault("listen", new QueuewatchError("LISTEN_FAILED", reason));
    return note(
      "listen",
      `${listen} is in use`,
      "Fine if the agent runs already; else choose another `listen` address.",
    );
  } finally {
    server.close();
  }
}

/** Says whether others may reach the endpoint without TLS, or without a secret. */
export function checkOpenness({ listen, tls, ...server }: ServerConfig): Finding[] {
  if (/^(?:127\.|localhost:|\[::1\])/.test(listen)) return [];
  const asks = [server.bearer_token, server.bearer_token_file, server.basic_auth].some((given) => given !== undefined);
  const open = [...(tls ? [] : ["without TLS"]), ...(asks ? [] : ["without asking for a token or password"])];
  if (open.length === 0) return [];
  return [
    note("listen", `other machines reach /metrics ${open.join(" and ")}`, "Give `tls`, and `bearer_token_file`."),
  ];
}

/** Whether what must survive a restart can be kept; the folder is not made here: `check` changes nothing. */
export async function checkStateDir(dir: string | undefined): Promise<Finding> {
  if (dir === undefined)
    return note("state", "no `state_dir`: counts begin anew at each start", "Name a folder that survives restarts.");
  try {
    const existing = await nearestExisting(resolve(dir));
    if (!existing.stats.isDirectory()) throw new Error(`${existing.path} is no directory`);
    await access(existing.path, constants.W_OK | constants.X_OK);
    return ok("state", existing.path === resolve(dir) ? `${dir} is writable` : `${dir} can be made`);
  } catch (error) {
    return fault("state", new QueuewatchError("STATE_UNWRITABLE", `${dir}: ${systemReason(error)}`));
  }
}

/** The path, or the nearest folder above it that exists. */
async function nearestExisting(path: string): Promise<{ path: string; stats: Stats }> {
  try {
    return { path, stats: await stat(path) };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing || dirname(path) === path) throw error;
    return nearestExisting(dirname(path));
  }
}

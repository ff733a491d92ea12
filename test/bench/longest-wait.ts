import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = fileURLToPath(import.meta.url);

/** The longest that another client of Redis waited for a PONG, in ms; a process of its own, which is held up by nothing else. */
export async function longestWait(port: number, forMs: number): Promise<number> {
  const { stdout } = await run(process.execPath, [program, `${port}`, `${forMs}`]);
  return Number(stdout);
}

async function ask(port: number, forMs: number): Promise<number> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  await once(socket, "connect");
  let longest = 0;
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const asked = performance.now();
    socket.write("PING\r\n");
    await once(socket, "data");
    longest = Math.max(longest, performance.now() - asked);
    await sleep(1);
  }
  socket.destroy();
  return longest;
}

if (import.meta.main) console.log(await ask(Number(process.argv[2]), Number(process.argv[3])));

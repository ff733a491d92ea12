import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { getOnce } from "./world.ts";

// In a file, and so a process, of its own: it counts the process's sockets.
test("a server that neither answers nor lets go: our end is closed at the deadline", async (t) => {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => void accepted.push(socket.resume()));
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const answer = await getOnce(`redis://127.0.0.1:${port}`, "key", AbortSignal.timeout(200));
  assert.equal(typeof answer === "object" && answer.code, "REDIS_TIMEOUT");
  assert.equal(accepted.length, 1);
  const open = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  // ioredis alone would wait two seconds for the server.
  for (let turn = 0; turn < 50 && open() > 1; turn++) await sleep(20);
  assert.equal(open(), 1, "only the server's end is left");
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
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
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(accepted.length, 1);
  const open = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap");
  assert.equal(open.length, 1, JSON.stringify(process.getActiveResourcesInfo()));
});

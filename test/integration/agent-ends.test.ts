import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startAgent } from "../support/agent.ts";
import { startRedisServer } from "../support/redis-server.ts";

const onLinux = process.platform === "linux" ? false : "needs /proc";

test("the agent ends when it is told to, though a file system hangs", { skip: onLinux }, async () => {
  const redis = await startRedisServer();
  // Node tries for ever to make a folder there.
  const config = { interval: "1s", state_dir: "/proc/none/state", targets: [{ name: "a", redis: redis.url }] };
  const agent = await startAgent({ config });
  await eventually("a read that did not end", () => agent.err.includes("TICK_OVERRUN"));
  assert.equal(await agent.stop(), 1);
  await redis.stop();
});

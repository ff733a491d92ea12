import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { startAgent } from "../../src/collect/agent.ts";
import { configSchema } from "../../src/config/schema.ts";
import { Log } from "../../src/self/log.ts";

test("a read that takes longer than the interval is said, and counted", async () => {
  let now = 0;
  const lines: string[] = [];
  const said = new EventTarget();
  const agent = startAgent(
    configSchema.parse({ interval: "15s", targets: [{ name: "slow", redis: "redis://127.0.0.1:1" }] }),
    {
      systems: [],
      destinations: [],
      openRedis: () => ({
        read: () => Promise.reject(new Error("not used")),
        cost: { commands: 0, receivedBytes: 0 },
        close: () => undefined,
      }),
      readServer: async () => {
        now += 16_400;
        return { samples: [], problems: [] };
      },
      maskKey: "",
      clock: { now: () => 1_000 + now, monotonic: () => now },
      log: new Log({
        level: "warn",
        format: "logfmt",
        now: () => now,
        write: (line) => {
          lines.push(line);
          if (line.includes("TICK_OVERRUN")) said.dispatchEvent(new Event("said"));
        },
      }),
    },
  );
  await once(said, "said");
  assert.match(lines.join(""), /level=warn message="a read took 16\.4 s" code=TICK_OVERRUN target=slow action=/);
  await agent.stop(AbortSignal.timeout(100));
  const errors = agent.collections().flatMap(({ families }) => families);
  const family = errors.find(({ metric }) => metric.name === "queuewatch.collection.errors");
  assert.ok(family?.points.some(({ attributes }) => attributes["error.type"] === "TICK_OVERRUN"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "../../src/collect/agent.ts";
import { configSchema } from "../../src/config/schema.ts";
import { Log } from "../../src/self/log.ts";
import { eventually } from "../support/agent.ts";
import { fakeSystem } from "../support/fake-system.ts";

const counts = { produced: 0, delivered: 0, rejected: 0, dropped: 0, queued: 0 };

/** An agent with mistakes in it: every third look at the cost throws, and so does one of its destinations, always. */
function start() {
  const lines: string[] = [];
  let looks = 0;
  let open = true;
  let received = 0;
  const agent = startAgent(configSchema.parse({ interval: "20ms", targets: [{ name: "a", redis: "redis://a" }] }), {
    systems: [fakeSystem("sidekiq")],
    destinations: [
      {
        name: "broken",
        counts,
        offer: () => {
          throw new TypeError("a mistake of offering");
        },
        close: () => Promise.reject(new TypeError("a mistake of closing")),
      },
      { name: "sound", counts, offer: () => void received++, close: async () => undefined },
    ],
    openRedis: () => ({
      read: () => Promise.reject(new Error("not used")),
      get cost() {
        if (++looks % 3 === 0) throw new TypeError("a mistake of reading");
        return { commands: 0, receivedBytes: 0 };
      },
      close: () => void (open = false),
    }),
    readServer: async () => ({ samples: [], problems: [] }),
    maskKey: "",
    clock: { now: Date.now, monotonic: () => performance.now() },
    log: new Log({ level: "warn", format: "logfmt", now: () => 0, write: (line) => lines.push(line) }),
  });
  return { agent, lines, looks: () => looks, received: () => received, isOpen: () => open };
}

test("an error that should not happen is said and counted; reading, delivering and ending go on", async () => {
  const { agent, lines, looks, received, isOpen } = start();
  const errors = () =>
    agent
      .collections()
      .flatMap(({ families }) => families)
      .find(({ metric }) => metric.name === "queuewatch.collection.errors")?.points ?? [];
  await eventually("reads after the mistakes", () => looks() > 7 && received() > 5);
  await eventually("the count of the mistakes", () =>
    errors().some(({ attributes }) => attributes["target"] === "a" && attributes["error.type"] === "INTERNAL"),
  );
  const said = lines.join("");
  assert.match(said, /message="a mistake of reading" code=INTERNAL target=a action=.* at=mistakes\.test\.ts:\d+:\d+\n/);
  assert.match(said, /message="a mistake of offering" code=INTERNAL destination=broken action=/);
  await assert.rejects(agent.stop(AbortSignal.timeout(100)), /a mistake of closing/);
  assert.equal(isOpen(), false);
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/agent.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { startAlertChain, type AlertChain } from "./support/alert-chain.ts";

// From what somebody puts into Redis to the message that a person gets. Rules exactly as generated; only Alertmanager's pace
// is quicker.

describe("payloads that are no jobs", () => {
  const started = new AsyncDisposableStack();
  let chain: AlertChain;

  before(async () => {
    const redis = await startRedisServer();
    started.defer(() => redis.stop());
    chain = await startAlertChain(started, {
      targets: [{ name: "shop", system: "sidekiq", redis: redis.url }],
      groups: ["security", "operations"],
      alerting: ({ of }) => ({
        routes: { critical: of("operations"), warning: of("operations"), threat: of("security") },
      }),
      rules: "as generated",
    });
    await redis.cli(["SADD", "queues", "checkout"]);
    await redis.cli(["LPUSH", "queue:checkout", validJob]);
    const known = 'jobqueue_queue_size{queue="checkout"} == 1';
    await eventually("the queue in Prometheus", async () => (await chain.prometheus.query(known)).length === 1);
    for (let index = 0; index < 8; index++) await redis.cli(["LPUSH", "queue:checkout", `no job ${index} s3cr3t`]);
  });

  after(() => started.disposeAsync());

  test("reach the security team on each channel, with queue, value and links", async () => {
    for (const { channel, text } of await chain.received("security", "firing", /Invalid payloads/)) {
      assert.match(text, /Invalid payloads in queue checkout of shop/, channel);
      assert.match(text, /\d+ payloads of checkout in ten minutes/, channel);
      assert.match(text, /https:\/\/grafana\.example\.com\/d\/queuewatch-threats\?/, channel);
      assert.match(text, /https:\/\/docs\.example\.com\/runbooks\/invalid-payloads/, channel);
      assert.doesNotMatch(text, /s3cr3t/, channel);
    }
    const others = chain.channels.messages("operations").filter(({ text }) => text.includes("Invalid payloads"));
    assert.deepEqual(others, [], "another team's channels stay quiet");
  });
});

const validJob = JSON.stringify({
  class: "Pay",
  args: [],
  jid: "0123456789abcdef01234567",
  queue: "checkout",
  created_at: 1,
});

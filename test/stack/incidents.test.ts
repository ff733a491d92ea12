import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/agent.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { remoteWrite } from "../support/remote-write.ts";
import { startAlertChain, type AlertChain } from "./support/alert-chain.ts";
import { pushSidekiq, sidekiqMissing, startSidekiq } from "./support/living-sidekiq.ts";
import { saysWhenAndWhere } from "./support/message-text.ts";
import type { RunningProgram } from "./support/process.ts";
import type { StackPrometheus } from "./support/stack-prometheus.ts";

// One bad hour of a living Sidekiq: a queue is flooded, a class poisoned, the last worker killed, and all of it ends. Who
// is told what, by which channel, what is held back, and when it is said to be over.

if (sidekiqMissing !== false && process.env["CI"]) throw new Error(sidekiqMissing);

describe("incidents of a living Sidekiq", { skip: sidekiqMissing }, () => {
  const started = new AsyncDisposableStack();
  const begun = Date.now();
  let redis: RedisServer;
  let chain: AlertChain;
  let sidekiq: RunningProgram;
  const work = async (queues: readonly string[]): Promise<RunningProgram> => {
    const running = await startSidekiq(redis.url, (args) => redis.cli(args), queues);
    started.defer(() => running.stop());
    return running;
  };

  before(async () => {
    redis = await startRedisServer();
    started.defer(() => redis.stop());
    sidekiq = await work(["imports", "work", "mailers"]);
    const queues = {
      work: { team: "payments", size: { warning: 100, critical: 400 } },
      mailers: { size: { warning: 5, critical: 1_000 } },
    };
    chain = await startAlertChain(started, {
      targets: [{ name: "shop", system: "sidekiq", redis: redis.url, queues }],
      groups: ["oncall", "desk", "security", "payments"],
      alerting: ({ of }) => ({
        routes: {
          critical: of("oncall"),
          warning: of("desk"),
          threat: of("security"),
          teams: { payments: { critical: of("payments"), warning: of("payments") } },
        },
        escalate_after: "10m",
      }),
      rules: "a minute is a second",
      history: aDayAgo,
    });
    const known = 'jobqueue_worker_count{state="active"} == 1';
    await eventually("the worker in Prometheus", async () => (await chain.prometheus.query(known)).length === 1);
    // All causes at once: their alerts are waited for together.
    await pushSidekiq(redis.url, "Broken", "imports", 60);
    for (let batch = 0; batch < 3; batch++) await pushSidekiq(redis.url, "Slow", "work", 400);
    await pushSidekiq(redis.url, "Quick", "mailers", 10);
  });

  after(() => started.disposeAsync());

  test("a flooded queue is told to the team that owns it, with queue, value, time and links that lead there", async () => {
    const flooded = /Queue work of shop is over its size: \d{3,4} jobs wait/;
    for (const message of await chain.received("payments", "firing", flooded)) {
      assert.match(message.text, /critical: QueueSizePromiseBroken shop work|severity: critical/, message.channel);
      await saysWhenAndWhere(message, chain.generated, begun);
    }
    const onCall = chain.channels.messages("oncall").filter(({ text }) => text.includes("QueueSizePromiseBroken"));
    assert.deepEqual(onCall, [], "the owner is told instead of those on call");
  });

  test("its warning is held back by the critical one", async () => {
    const warning = async () =>
      (await chain.alertmanager.alerts("QueueSizePromiseBroken")).find(
        ({ labels }) => labels["queue"] === "work" && labels["severity"] === "warning",
      );
    await eventually("suppressed", async () => (await warning())?.status.state === "suppressed");
    const critical = (await chain.alertmanager.alerts("QueueSizePromiseBroken")).find(
      ({ labels }) => labels["queue"] === "work" && labels["severity"] === "critical",
    );
    assert.deepEqual((await warning())?.status.inhibitedBy, [critical?.fingerprint]);
    const told = chain.channels.messages("payments").filter(({ text }) => /severity: warning|warning:/.test(text));
    assert.deepEqual(told, []);
  });

  test("what is only over its warning goes to those of the day", async () => {
    for (const message of await chain.received("desk", "firing", /Queue mailers of shop is over its size: 10 jobs/)) {
      assert.match(message.text, /warning: QueueSizePromiseBroken shop mailers|severity: warning/, message.channel);
      await saysWhenAndWhere(message, chain.generated, begun);
    }
  });

  test("the flood is told to security as well: it is far over a day ago", async () => {
    for (const message of await chain.received(
      "security",
      "firing",
      /critical[^]*QueueFlooded|QueueFlooded[^]*critical/,
    ))
      await saysWhenAndWhere(message, chain.generated, begun);
  });

  test("a poisoned class is told to security by its name, and to those on call as a share of failures", async () => {
    for (const message of await chain.received("security", "firing", /Broken failed \d+ times in ten minutes/)) {
      assert.match(message.text, /Broken of shop failed \d{2,3} times/, message.channel);
      await saysWhenAndWhere(message, chain.generated, begun);
    }
    for (const message of await chain.received("oncall", "firing", /FailureRatioHigh/))
      await saysWhenAndWhere(message, chain.generated, begun);
  });

  test("a warning that stands too long is told to those on call", async () => {
    for (const message of await chain.received("oncall", "firing", /Queue mailers of shop is over its size: 10 jobs/)) {
      assert.match(message.text, /critical: QueueSizePromiseBroken shop mailers|severity: critical/, message.channel);
      await saysWhenAndWhere(message, chain.generated, begun);
    }
    const told = chain.channels.messages("payments").filter(({ text }) => text.includes("mailers"));
    assert.deepEqual(told, [], "the queue has no owner");
  });

  test("the last worker is killed: critical, to those on call", async () => {
    await sidekiq.kill();
    for (const message of await chain.received("oncall", "firing", /No worker is active in shop/)) {
      assert.match(message.text, /critical: NoWorkers shop|severity: critical/, message.channel);
      await saysWhenAndWhere(message, chain.generated, begun);
    }
  });

  test("what that explains is said to be over, and nothing of it is begun", async () => {
    await redis.cli(["SADD", "paused", "reports"]);
    await pushSidekiq(redis.url, "Quick", "reports", 3);
    // It was told before its cause began: what was opened by it somewhere must be closed.
    for (const message of await chain.received("payments", "resolved", /QueueSizePromiseBroken/))
      await saysWhenAndWhere(message, chain.generated, begun);
    assert.equal((await chain.alertmanager.alerts("NoWorkers")).length, 1);
    const longEnough =
      'min_over_time(jobqueue_queue_paused{queue="reports"}[25s]) == 1 and count_over_time(jobqueue_queue_paused{queue="reports"}[25s]) >= 20';
    await eventually("a pause that would be told", async () => (await chain.prometheus.query(longEnough)).length > 0);
    assert.deepEqual(await chain.alertmanager.alerts("QueuePausedTooLong"), []);
    const forgotten = await chain.prometheus.query('ALERTS{alertname="CriticalAlertsSilenced"}');
    assert.deepEqual(forgotten, [], "held back by its critical level is not silenced by somebody");
  });

  test("each channel is told when it is over, and then what was explained", async () => {
    assert.deepEqual(paused(chain), []);
    await redis.cli(["DEL", "queue:work"]);
    await work(["imports", "work", "mailers"]);
    for (const message of await chain.received("oncall", "resolved", /No worker is active in shop/))
      await saysWhenAndWhere(message, chain.generated, begun);
    await chain.received("desk", "firing", /Queue reports of shop is still paused: 3 jobs wait/);
  });
});

const paused = ({ channels }: AlertChain) =>
  channels.messages("desk").filter(({ text }) => text.includes("QueuePausedTooLong"));

/**
 * What is usual for `work` at this time of day: without a day of history the rules about floods rather say nothing. It is
 * written into Prometheus before the agent starts, so that no rule has to be another.
 */
async function aDayAgo({ url }: StackPrometheus): Promise<void> {
  const yesterday = Math.floor(Date.now() / 1_000) - 86_400;
  const labels = { environment: "test", system: "sidekiq", target: "shop", queue: "work" };
  const samples = Array.from({ length: 40 }, (_, minute) => [yesterday + (minute - 20) * 60, 20] as const);
  await remoteWrite(`${url}/api/v1/write`, [{ labels: { __name__: "jobqueue_queue_size", ...labels }, samples }]);
}

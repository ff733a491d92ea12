import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allowedCommands } from "../../src/redis/commands.ts";
import { eventually, latest, runBuilt, seriesOf, startAgent } from "../support/agent.ts";
import { expectedSeries } from "../support/expected-sidekiq.ts";
import { frozenClock, noFrozenClock } from "../support/frozen-clock.ts";
import { startOtlpReceiver, type OtlpReceiver, type ReceivedPoint } from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { fixture, type Facts } from "../systems/sidekiq/world.ts";

const pictures = [
  { name: "sidekiq-6.4.1", lostAfter: 15 },
  { name: "sidekiq-7.0.9", lostAfter: 30 },
  { name: "sidekiq-7.3.2", lostAfter: 30 },
  { name: "sidekiq-8.1.7", lostAfter: 30 },
];

const missing = noFrozenClock();
if (missing !== undefined && process.env["CI"]) throw new Error(missing);

/** Ages in facts are rounded to milliseconds. */
const isAge = /latency|longest_running|heartbeat_age/;

for (const { name, lostAfter } of pictures)
  describe(`the built agent, as the user that acl prints, on ${name}`, { skip: missing ?? false }, () => {
    let redis: RedisServer;
    let collector: OtlpReceiver;
    let url: string;
    let facts: Facts;
    let points: readonly ReceivedPoint[];
    let errors: string;

    before(async () => {
      const picture = await fixture(name);
      facts = picture.facts;
      redis = await startRedisServer([], frozenClock(facts.captured_at * 1_000));
      collector = await startOtlpReceiver();
      const loaded = await redis.cli([], picture.commands);
      assert.doesNotMatch(loaded, /\bERR\b|WRONGTYPE/);
      const acl = await runBuilt(["acl", "--system", "sidekiq"]);
      assert.equal(await redis.cli([], acl.out.replace("PASSWORD", "only-reads")), "OK\n");
      await redis.cli(["CONFIG", "RESETSTAT"]);
      url = redis.url.replace("//", "//queuewatch:only-reads@");
      const agent = await startAgent({
        config: {
          interval: "1s",
          targets: [{ name: "shop", redis: url, system: "sidekiq" }],
          export: { otlp: [{ endpoint: collector.url }] },
        },
      });
      await eventually("two reads", () => collector.requests.length >= 4);
      assert.equal(await agent.stop(), 0);
      points = latest(collector, "jobqueue.set.size").filter((point) => point.name.startsWith("jobqueue."));
      errors = agent.err;
    });
    after(async () => {
      await collector.close();
      await redis.stop();
    });

    test("says every value, and nothing else", () => {
      const wanted = expectedSeries(facts, lostAfter);
      const said = new Map(points.map((point) => [seriesOf(point), point.value ?? point.histogram?.count]));
      const apart = /^jobqueue\.(failure\.size|payload\.size) /;
      const names = [...said.keys()].filter((series) => !apart.test(series));
      assert.deepEqual(names.toSorted(), [...wanted.keys()].toSorted());
      for (const [series, value] of wanted) {
        const off = Math.abs((said.get(series) ?? Number.NaN) - value);
        assert.ok(off <= (isAge.test(series) ? 0.001 : 1e-12), `${series}: ${said.get(series)} for ${value}`);
      }
    });

    test("composes the retry and dead sets", () => {
      for (const set of ["retry", "dead"] as const) {
        const groups = points.filter(
          (point) => point.name === "jobqueue.failure.size" && point.attributes["set"] === set,
        );
        const by = (key: string) => {
          const counts: Record<string, number> = {};
          for (const { attributes, value = 0 } of groups)
            counts[attributes[key] ?? ""] = (counts[attributes[key] ?? ""] ?? 0) + value;
          return counts;
        };
        assert.deepEqual(by("queue"), facts[set].by_queue);
        assert.deepEqual(by("job.class"), facts[set].by_class);
        assert.deepEqual(by("error.type"), facts[set].by_error);
      }
    });

    test("sizes the payloads of the queues that hold some", () => {
      const sized = points.filter((point) => point.name === "jobqueue.payload.size");
      const full = facts.queues.filter(({ size }) => size > 0).map((queue) => queue.name);
      assert.deepEqual(new Set(sized.map(({ attributes }) => attributes["queue"])), new Set(full));
      for (const { value = 0 } of sized) assert.ok(value > 100 && value < 100_000, `${value} bytes`);
    });

    test("snapshot counts the classes that Redis still remembers", async () => {
      const { out, code } = await runBuilt(["snapshot", "--system", "sidekiq", "--format", "json"], { REDIS_URL: url });
      assert.equal(code, 0);
      const [snapshot] = JSON.parse(out) as { classes: ClassInJson[] }[];
      const counted = snapshot?.classes
        .filter(({ processedSince }) => processedSince !== undefined)
        .map((one) => [
          one.jobClass,
          { p: one.processedSince, f: one.failedSince, ms: Math.round((one.durationSince?.sum ?? 0) * 1_000) },
        ]);
      assert.deepEqual(Object.fromEntries(counted ?? []), facts.metrics_by_class ?? {});
    });

    test("nothing was odd, nothing was denied, nothing was written", async () => {
      assert.doesNotMatch(errors, /level=(warn|error)/);
      assert.equal(await redis.cli(["ACL", "LOG"]), "\n");
      const stats = await redis.cli(["INFO", "commandstats"]);
      const sent = [...stats.matchAll(/^cmdstat_([^:|]+)/gm)].map(([, command = ""]) => command);
      const others = new Set(["auth", "hello", "client", "acl", "config"]);
      assert.ok(sent.includes("llen"));
      for (const command of sent) assert.ok(others.has(command) || Object.hasOwn(allowedCommands, command), command);
    });
  });

interface ClassInJson {
  readonly jobClass: string;
  readonly processedSince?: number;
  readonly failedSince?: number;
  readonly durationSince?: { readonly sum: number };
}

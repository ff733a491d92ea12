import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, runBuilt, startAgent, type RunningAgent } from "../support/agent.ts";
import { scrape, total } from "../support/exported.ts";
import { parseExposition, type Sample } from "../support/exposition.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";

const now = Date.now() / 1_000;
const job = (more: object = {}) =>
  JSON.stringify({
    class: "Work",
    queue: "q",
    args: [1],
    jid: "ab12cd34",
    created_at: now - 60,
    enqueued_at: now - 60,
    ...more,
  });

const escape = "\u001b]0;owned\u0007\u001b[31mred";
const names = {
  quotes: `a"b'c\\d{e="f"}`,
  lines: "one\ntwo\r\nthree 4",
  terminal: escape,
  link: "\u001b]8;;http://127.0.0.1/\u0007click\u001b]8;;\u0007<a href=javascript:alert(1)>x</a>",
  nul: "zero\0zero",
  bidi: "abc\u202etxt.exe\u200b",
  prototype: "__proto__",
  constructor: "constructor",
  number: "12345",
};

/** A client of Redis's own quoting: every byte as \xHH. */
const quoted = (text: string | Buffer): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
const line = (...words: (string | Buffer)[]): string => words.map(quoted).join(" ");

function hostileCommands(): string[] {
  return [
    ...Object.values(names).flatMap((name) => [
      line("SADD", "queues", name),
      line("LPUSH", `queue:${name}`, job({ class: name, queue: name })),
      line("ZADD", "dead", String(now - 5), job({ class: name, queue: name, error_class: name, failed_at: now - 5 })),
    ]),
    line("SADD", "queues", "typed", "garbage", "times", "large", Buffer.from([0xff, 0xfe, 0x80])),
    line("SET", "queue:typed", "a string"),
    ...["{", "null", "[]", "42", '"text"', "\0", "{}", '{"__proto__":{"polluted":1}}', '{"class":{}}'].map((text) =>
      line("LPUSH", "queue:garbage", text),
    ),
    ...[1e300, -1, "yesterday", null, [], 4e12].map((at) =>
      line("LPUSH", "queue:times", job({ created_at: at, enqueued_at: at })),
    ),
    line("LPUSH", "queue:large", job({ args: ["x".repeat(100_000)] })),
    line("HSET", "retry", "no", "sorted set"),
    line("LPUSH", "stat:processed", "no counter"),
    line("SET", "stat:failed", "many"),
    line("SADD", "processes", "host:1:0123456789ab", "host:2:0123456789ab", "nonsense", "", "__proto__"),
    line("SET", "host:1:0123456789ab", "a string"),
    line("HSET", "host:2:0123456789ab", "info", '{"hostname":["x"],"concurrency":1e99}', "beat", "soon", "busy", "-4"),
    line("LPUSH", "host:2:0123456789ab:work", "no hash"),
    line("ZADD", "schedule", "inf", "not json", "-inf", "{}", "1", job()),
  ];
}

// oxlint-disable-next-line no-control-regex
const isControl = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/;

describe("the built agent among hostile data", () => {
  let redis: RedisServer;
  let agent: RunningAgent;
  let samples: Sample[];

  before(async () => {
    redis = await startRedisServer(["--proto-max-bulk-len", "64mb"]);
    const loaded = await redis.cli([], hostileCommands().join("\n"));
    assert.doesNotMatch(loaded, /\bERR\b/);
    const targets = [{ name: "shop", redis: redis.url, system: "sidekiq" }];
    agent = await startAgent({ config: { interval: "1s", log: { level: "debug" }, targets } });
    await eventually("three reads", async () => {
      const { text } = await agent.get("/metrics");
      return (
        text !== "" &&
        (total(parseExposition(text, "prometheus"), "queuewatch_collection_duration_seconds_count") ?? 0) >= 3
      );
    });
    samples = await scrape(agent);
  });
  after(async () => {
    assert.equal(await agent.stop(), 0);
    await redis.stop();
  });

  const size = (queue: string) => total(samples, "jobqueue_queue_size", { queue });

  test("shows what can be read, beside what cannot", () => {
    assert.equal(total(samples, "queuewatch_target_up"), 1);
    assert.deepEqual([size("garbage"), size("times"), size("large"), size("typed")], [9, 6, 1, undefined]);
    for (const name of ["__proto__", "constructor", "12345"]) assert.equal(size(name), 1, name);
    assert.equal(total(samples, "jobqueue_set_size", { set: "dead" }), Object.keys(names).length);
    assert.equal(total(samples, "jobqueue_set_size", { set: "scheduled" }), 3);
  });

  test("ages are never absurd", () => {
    for (const { name, value, labels } of samples)
      if (/latency_seconds|lag|longest|heartbeat/.test(name))
        assert.ok(value >= 0 && value < 1e10, `${name} ${JSON.stringify(labels)} ${value}`);
  });

  test("counts what is no job, and says each kind of trouble once a minute", async () => {
    assert.ok((total(samples, "jobqueue_payload_invalid_total") ?? 0) > 0);
    assert.ok((total(samples, "queuewatch_collection_errors_total", { error_type: "REDIS_TYPE" }) ?? 0) > 0);
    const codes = [...agent.err.matchAll(/code=(\w+)/g)].map(([, code]) => code ?? "");
    assert.ok(codes.includes("REDIS_TYPE") && codes.includes("PAYLOAD_INVALID"), codes.join(" "));
    assert.equal(new Set(codes).size, codes.length, codes.join(" "));
    assert.ok(!isControl.test(agent.err));
  });

  test("labels carry no control characters, and both formats can be parsed", async () => {
    const open = await agent.get("/metrics", { accept: "application/openmetrics-text; version=1.0.0" });
    for (const { labels } of [...samples, ...parseExposition(open.text, "openmetrics")])
      for (const value of Object.values(labels)) {
        assert.ok(!isControl.test(value), JSON.stringify(value));
        assert.ok(value.length <= 200);
      }
  });

  test("snapshot prints nothing that acts on a terminal", async () => {
    for (const format of ["table", "json", "prometheus", "otlp"]) {
      const { out, code } = await runBuilt(["snapshot", "--format", format], { REDIS_URL: redis.url });
      assert.equal(code, 0);
      assert.ok(out.includes("garbage"));
      assert.ok(!isControl.test(out), format);
    }
  });
});

test("a hundred thousand queue names: the limit holds, is said, and the configured queue keeps its place", async () => {
  const redis = await startRedisServer();
  const all = Array.from({ length: 100 }, (_, page) =>
    ["SADD", "queues", ...Array.from({ length: 1_000 }, (__, n) => `flood-${page * 1_000 + n}`)].join(" "),
  );
  await redis.cli([], [...all, `LPUSH queue:zz-orders ${quoted(job())}`, "SADD queues zz-orders"].join("\n"));
  const target = {
    name: "shop",
    redis: redis.url,
    system: "sidekiq",
    queues: { "zz-orders": { size: { critical: 5 } } },
  };
  const agent = await startAgent({ config: { interval: "5s", targets: [target] } });
  await eventually("a read", async () => (await agent.get("/metrics")).text.includes("jobqueue_queue_size{"));
  const samples = await scrape(agent);
  assert.ok(samples.filter(({ name }) => name === "jobqueue_queue_size").length <= 2_000);
  assert.ok(samples.length < 12_000, `${samples.length} series`);
  assert.equal(total(samples, "jobqueue_queue_size", { queue: "zz-orders" }), 1);
  assert.equal(total(samples, "jobqueue_queue_size"), 1);
  assert.match(agent.err, /code=SERIES_LIMIT target=shop/);
  await agent.stop();
  await redis.stop();
});

test("a name of 10 MiB is cut, and the other queues are read", async () => {
  const redis = await startRedisServer();
  const name = "n".repeat(10 * 1_024 * 1_024);
  await redis.cli(["-x", "SADD", "queues"], name);
  await redis.cli(["SADD", "queues", "orders"]);
  await redis.cli(["LPUSH", "queue:orders", job()]);
  const agent = await startAgent({
    config: { interval: "2s", targets: [{ name: "shop", redis: redis.url, system: "sidekiq" }] },
  });
  await eventually("a read", async () => (await agent.get("/metrics")).text.includes('queue="orders"'));
  const samples = await scrape(agent);
  assert.equal(total(samples, "jobqueue_queue_size", { queue: "orders" }), 1);
  for (const { labels } of samples) for (const value of Object.values(labels)) assert.ok(value.length <= 200);
  await agent.stop();
  await redis.stop();
});

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, runBuilt, startAgent, type RunningAgent } from "../support/agent.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";

/** No word of them may be seen anywhere; each stands where secrets or job arguments stand. */
const canaries = {
  password: "canary/Passw0rd:1",
  header: "canary-Header-2?",
  bearer: "canary-Bearer-3=",
  mask: "canary-MaskKey-4",
  queued: "canary-argument-5@example.com",
  retried: "canary-argument-6@example.com",
  dead: "canary-argument-7@example.com",
  working: "canary-argument-8@example.com",
  malformed: "canary-argument-9@example.com",
  message: "canary-message-10@example.com",
};

const job = (argument: string, more: object = {}) => ({
  class: "Work",
  queue: "default",
  args: [argument],
  jid: argument.slice(0, 18),
  created_at: Date.now() / 1_000 - 60,
  enqueued_at: Date.now() / 1_000 - 60,
  ...more,
});
const failed = (argument: string) =>
  job(argument, {
    error_class: "RuntimeError",
    error_message: canaries.message,
    failed_at: Date.now() / 1_000 - 30,
    retry_count: 0,
  });

const identity = "host:1:0123456789ab";

function commands(): string[][] {
  const now = Date.now() / 1_000;
  const info = { hostname: "host", pid: 1, started_at: now - 90, concurrency: 5, queues: ["default"], identity };
  const work = { queue: "default", run_at: Math.floor(now) - 40, payload: JSON.stringify(job(canaries.working)) };
  const beat = ["busy", "1", "beat", String(now), "quiet", "false", "rss", "1000", "rtt_us", "100"];
  return [
    ["SADD", "queues", "default", "broken"],
    ["LPUSH", "queue:default", JSON.stringify(job(canaries.queued))],
    ["LPUSH", "queue:broken", `{"class": "Work", "args": ["${canaries.malformed}"`],
    ["LPUSH", "queue:broken", `["${canaries.malformed}"]`],
    ["LPUSH", "queue:broken", canaries.malformed],
    ["ZADD", "retry", String(now + 600), JSON.stringify(failed(canaries.retried))],
    ["ZADD", "retry", String(now - 600), canaries.malformed],
    ["ZADD", "dead", String(now - 20), JSON.stringify(failed(canaries.dead))],
    ["ZADD", "dead", String(now - 20), `{"args":["${canaries.malformed}"]}`],
    ["SADD", "processes", identity],
    ["HSET", identity, "info", JSON.stringify(info), ...beat],
    ["HSET", `${identity}:work`, "t1", JSON.stringify(work), "t2", `{"payload":"${canaries.malformed}`],
  ];
}

/** Each canary as it may be written: as it is, percent-encoded, in JSON, in Base64 at any of its three places. */
function* spellings(): Generator<[name: string, spelling: string]> {
  for (const [name, canary] of Object.entries(canaries)) {
    for (const text of [canary, encodeURIComponent(canary), encodeURI(canary)]) yield [name, text];
    for (const shift of [0, 1, 2]) {
      const whole = Buffer.from(`${"x".repeat(shift)}${canary}`).toString("base64");
      const own = whole.slice(shift === 0 ? 0 : 4, -4);
      yield [name, own];
      yield [name, own.replaceAll("+", "-").replaceAll("/", "_")];
    }
    yield [name, canary.slice(0, 12)];
  }
}

function holdsNoCanary(text: string, where: string): void {
  for (const [name, spelling] of spellings())
    assert.ok(!text.includes(spelling), `${where} shows the ${name} as ${spelling}`);
}

describe("no secret and no job argument is ever shown", () => {
  let redis: RedisServer;
  let collector: OtlpReceiver;
  let agent: RunningAgent;
  let state: string;
  let config: Record<string, unknown>;
  let env: Record<string, string>;

  before(async () => {
    redis = await startRedisServer(["--requirepass", canaries.password]);
    for (const command of commands()) await redis.cli(["--no-auth-warning", "-a", canaries.password, ...command]);
    collector = await startOtlpReceiver();
    state = await mkdtemp(join(tmpdir(), "queuewatch-canary-"));
    env = { REDIS_URL: redis.url.replace("//", `//:${encodeURIComponent(canaries.password)}@`) };
    config = {
      interval: "1s",
      state_dir: state,
      log: { level: "debug" },
      cardinality: { mask_key: canaries.mask },
      targets: [
        { name: "shop", redis: "${REDIS_URL}", system: "sidekiq" },
        { name: "refused", redis: `redis://:${encodeURIComponent(canaries.password)}x@127.0.0.1:${redis.port}` },
        { name: "away", redis: { url: `redis://127.0.0.1:${await freePort()}`, password: canaries.password } },
      ],
      export: {
        otlp: [
          { name: "good", endpoint: collector.url, compression: "none", headers: { "x-key": canaries.header } },
          { name: "away", endpoint: `http://127.0.0.1:${await freePort()}`, headers: { "x-key": canaries.header } },
        ],
        prometheus: { bearer_token: canaries.bearer },
      },
    };
    agent = await startAgent({ config, env });
    await eventually("three reads", () => collector.requests.length >= 12);
  });
  after(async () => {
    await agent.stop();
    await collector.close();
    await redis.stop();
    await rm(state, { recursive: true, force: true });
  });

  test("the data was read, and the secrets were used", () => {
    const sizes = collector.points().filter(({ name }) => name === "jobqueue.queue.size");
    assert.deepEqual(new Set(sizes.map(({ value }) => value)), new Set([1, 3]));
    assert.equal(collector.requests[0]?.headers["x-key"], canaries.header);
    assert.ok(collector.points().some(({ name }) => name === "jobqueue.class.running"));
    assert.ok(collector.points().some(({ name }) => name === "jobqueue.payload.invalid"));
  });

  test("in what is pushed", () => {
    for (const { body, path } of collector.requests) holdsNoCanary(body.toString("latin1") + path, "a request");
  });

  test("in what is served", async () => {
    const metrics = await agent.get("/metrics", { authorization: `Bearer ${canaries.bearer}` });
    assert.equal(metrics.status, 200);
    assert.match(metrics.text, /jobqueue_queue_size/);
    assert.equal((await agent.get("/metrics")).status, 401);
    const paths = ["/metrics", "/livez", "/readyz", `/${canaries.bearer}`];
    const answers = await Promise.all(paths.map((path) => agent.get(path)));
    for (const { text } of [metrics, ...answers]) holdsNoCanary(text, "an answer");
  });

  test("in what is logged, down to debug", () => {
    assert.match(agent.err, /code=REDIS_AUTH target=refused/);
    assert.match(agent.err, /code=EXPORT_UNREACHABLE/);
    assert.match(agent.err, /code=PAYLOAD_INVALID/);
    holdsNoCanary(agent.out + agent.err, "the log");
  });

  test("in what is saved", async () => {
    const files = await readdir(state);
    assert.ok(files.some((name) => name.startsWith("target-shop")));
    for (const name of files) holdsNoCanary(await readFile(join(state, name), "latin1"), name);
  });

  test("in what commands print, also where they fail", async () => {
    const formats = ["table", "json", "otlp", "prometheus"].map((format) => ["snapshot", "--format", format]);
    const elsewhere = env["REDIS_URL"]?.replace(/\d+$/, String(await freePort())) ?? "";
    for (const argv of [...formats, ["check"], ["run", "--config", `/nowhere/${state}`]])
      for (const url of [env["REDIS_URL"] ?? "", elsewhere, `${elsewhere}/x y`, `http://:${canaries.password}@h`]) {
        const headers = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: canaries.header };
        const { out, err, code } = await runBuilt(argv, { REDIS_URL: url, ...headers });
        assert.ok(code >= 0 && code <= 2);
        holdsNoCanary(out + err, argv.join(" "));
      }
  });

  test("in what a config with a mistake makes it say", async () => {
    const wrong = await startAgent({
      config: { ...config, targets: [{ redis: canaries.password }], intervall: 1 },
      env,
    });
    await eventually("its end", () => wrong.code !== undefined);
    assert.equal(wrong.code, 2);
    holdsNoCanary(wrong.out + wrong.err, "the message");
    await wrong.stop();
  });

  test("in what it says when it breaks", async () => {
    // What no code of ours does: a payload is parsed, and nobody catches what that throws.
    const bad = JSON.stringify(`{"args": ["${canaries.malformed}", "${canaries.queued}`);
    const breaking = (how: string) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(how)}` });
    const parse = `JSON.parse(${bad})`;
    const rejects = await startAgent({
      config,
      env: { ...env, ...breaking(`setTimeout(async () => ${parse}, 2000)`) },
    });
    await eventually("the rejection", () => rejects.err.includes("code=INTERNAL"));
    assert.equal(rejects.code, undefined, "it goes on");
    assert.equal(await rejects.stop(), 0);
    const throws = await startAgent({ config, env: { ...env, ...breaking(`setTimeout(() => ${parse}, 2000)`) } });
    await eventually("its end", () => throws.code !== undefined);
    assert.equal(throws.code, 1);
    assert.match(throws.err, /level=error message="something that was read could not be parsed" code=INTERNAL .*at=/);
    for (const { out, err } of [rejects, throws]) holdsNoCanary(out + err, "the last words");
    await throws.stop();
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeProblem } from "../../src/cli/node-version.ts";
import { allowedCommands } from "../../src/redis/commands.ts";
import { runBuilt } from "../support/agent.ts";
import { run } from "../support/command-line.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";

const fixtures = join(import.meta.dirname, "../fixtures");
const password = "canary-s3cret";

describe("a Node that cannot run the program", () => {
  const pretend = 'Object.defineProperty(process.versions, "node", { value: "20.19.2" })';
  const old = `data:text/javascript,${encodeURIComponent(pretend)}`;

  test("is told so before anything else, whatever was asked for", async () => {
    for (const argv of [["--version"], ["run"], []]) {
      const { code, out, err } = await runBuilt(argv, { NODE_OPTIONS: `--import ${old}` });
      assert.deepEqual([code, out], [1, ""]);
      assert.match(
        err,
        /^queuewatch: NODE_TOO_OLD: this is Node 20\.19\.2; queuewatch needs Node 22\.15 or newer\n {2}→ /,
      );
    }
  });

  test("is any before the one that package.json names", () => {
    const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      engines: { node: string };
    };
    assert.match(engines.node, /^>=\d+\.\d+$/);
    for (const [running, wanted] of [
      ["22.14.9", "22.15"],
      ["9.99.0", "22.15"],
      ["22.15.0", "23.0"],
    ] as const)
      assert.equal(nodeProblem(running, `>=${wanted}`)?.code, "NODE_TOO_OLD");
    for (const running of ["22.15.0", "22.100.0", "24.0.0", "100.0.1"])
      assert.equal(nodeProblem(running, ">=22.15"), undefined);
  });
});

describe("commands on a real Redis", () => {
  let redis: RedisServer;
  let collector: OtlpReceiver;
  let env: Record<string, string>;

  before(async () => {
    redis = await startRedisServer(["--requirepass", password]);
    collector = await startOtlpReceiver();
    env = {
      REDIS_URL: redis.url.replace("//", `//:${password}@`),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    };
    const commands = await readFile(join(fixtures, "resque-3.0.0/commands.txt"), "utf8");
    await redis.cli(["--no-auth-warning", "-a", password], commands);
    await redis.cli(["--no-auth-warning", "-a", password, "config", "resetstat"]);
  });
  after(async () => {
    await redis.stop();
    await collector.close();
  });

  test("check finds Resque and a collector that accepts", async () => {
    const { out, code } = await run(["check"], env);
    assert.match(out, /✔ redis {8}Redis \d+\.\d+\.\d+, not encrypted/);
    assert.match(out, /✔ jobs {9}Resque.*: 12 queues \(209 jobs\), .*13 scheduled, 10 failed/);
    assert.match(out, /✔ otlp {9}http:\/\/127\.0\.0\.1:\d+\/v1\/metrics accepts our requests/);
    assert.equal(code, 0, out);
    assert.ok(out.split("\n").length <= 24, "fits one screen");
    assert.deepEqual(
      collector.points().map(({ name }) => name),
      ["queuewatch.process.uptime"],
    );
  });

  test("check refuses alerts that there are not, as generate does", async () => {
    const dir = await mkdtemp(join(tmpdir(), "queuewatch-check-"));
    after(() => rm(dir, { recursive: true }));
    const file = join(dir, "q.yaml");
    await writeFile(file, 'targets: [{ name: a, redis: "redis://x" }]\nalerting: { disable: [RedisSlo] }');
    const { code, err } = await run(["check", "--config", file]);
    assert.equal(code, 2);
    assert.match(
      err,
      /q\.yaml:2:23: alerting\.disable\[0\]: there is no alert `RedisSlo` \(did you mean `RedisSlow`\?\)/,
    );
  });

  test("check says what to do about each fault, and ends with 1", async () => {
    const nobody = await freePort();
    const faulty = { REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${nobody}` };
    const { out, code } = await run(["check"], faulty);
    assert.equal(code, 1);
    assert.match(out, /✖ redis {8}REDIS_AUTH: .*\n +→ /);
    assert.match(out, /✖ otlp {9}EXPORT_UNREACHABLE: .*\n +→ /);
    assert.match(out, /2 to mend\.\n$/);
  });

  test("snapshot shows queues, sets and failures as tables", async () => {
    const { out, code, err } = await run(["snapshot"], env);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^default · resque · .* · 44 processed · 9 failed\n/);
    assert.match(out, /^bulk +170 /m);
    assert.match(out, /^wei rd\/queue ü +1 /m);
    assert.match(out, /^failed +mailers +Fails +ArgumentError +5$/m);
  });

  test("snapshot as JSON, OTLP and Prometheus text says the same", async () => {
    const json = JSON.parse((await run(["snapshot", "--format", "json"], env)).out) as {
      target: string;
      queues: { queue: string; size: number }[];
    }[];
    assert.equal(json[0]?.queues.find(({ queue }) => queue === "bulk")?.size, 170);
    const otlp = JSON.parse((await run(["snapshot", "--format", "otlp"], env)).out) as {
      resourceMetrics: { scopeMetrics: { metrics: { name: string }[] }[] }[];
    };
    const names = otlp.resourceMetrics[0]?.scopeMetrics[0]?.metrics.map(({ name }) => name) ?? [];
    assert.ok(names.includes("jobqueue.queue.size"));
    const prometheus = await run(["snapshot", "--format", "prometheus"], env);
    const bulk = 'jobqueue_queue_size{environment="test",system="resque",target="default",queue="bulk"} 170';
    assert.ok(prometheus.out.split("\n").includes(bulk));
  });

  test("a target in which nothing is known is told of", async () => {
    const { code, err, out } = await run(["snapshot", "--namespace", "nowhere"], env);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^queuewatch: default: SYSTEM_NOT_FOUND: /);
  });

  test("a target that cannot be read is told of, and the others are shown", async () => {
    const dir = await mkdtemp(join(tmpdir(), "queuewatch-cli-"));
    const file = join(dir, "queuewatch.yaml");
    const bad = `{ name: bad, redis: "redis://127.0.0.1:${await freePort()}" }`;
    await writeFile(file, `targets: [${bad}, { name: good, redis: "\${REDIS_URL}" }]`);
    const { code, err, out } = await run(["snapshot", "--config", file], env);
    await rm(dir, { recursive: true });
    assert.equal(code, 1);
    assert.match(err, /^queuewatch: bad: REDIS_UNREACHABLE: /);
    assert.match(out, /^good · resque · /);
  });

  test("a password on the command line is warned about, a URL that is none refused", async () => {
    const warned = await run(["snapshot", "--redis", env["REDIS_URL"] ?? ""]);
    assert.equal(warned.code, 0);
    assert.match(warned.err, /can see a password on the command line/);
    const refused = await run(["snapshot", "--redis", `http://:${password}@x`]);
    assert.deepEqual([refused.code, refused.out], [2, ""]);
  });

  test("no command shows the password", async () => {
    const lines = [["check"], ["snapshot"], ["snapshot", "--format", "json"], ["snapshot", "--format", "otlp"]];
    for (const argv of lines)
      for (const url of [env["REDIS_URL"] ?? "", `redis://:${password}@127.0.0.1:1`, `rediss://u:${password}@x y`]) {
        const { out, err } = await run(argv, { ...env, REDIS_URL: url });
        assert.doesNotMatch(out + err, new RegExp(password), argv.join(" "));
      }
  });

  test("nothing but reads was sent", async () => {
    const stats = await redis.cli(["--no-auth-warning", "-a", password, "info", "commandstats"]);
    const sent = [...stats.matchAll(/^cmdstat_(\w+)/gm)].map(([, name]) => name ?? "");
    const connecting = new Set(["auth", "hello", "select", "config"]);
    assert.ok(sent.includes("llen"));
    for (const name of sent) assert.ok(connecting.has(name) || Object.hasOwn(allowedCommands, name), name);
  });
});

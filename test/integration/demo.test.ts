import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { jobClasses, queueNames } from "../../src/demo/world/plan.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { startRedisServer } from "../support/redis-server.ts";

const root = join(import.meta.dirname, "../..");

interface Demo {
  readonly child: ChildProcess;
  output(): string;
  /** Waits until the output matches, and gives the match. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** As Ctrl-C does; gives the exit code. */
  interrupt(): Promise<number | null>;
}

/** `npm start` without npm: the same program, with an environment of its own. */
function startDemo(env: Record<string, string> = {}, args: readonly string[] = []): Demo {
  const child = spawn(process.execPath, ["src/main.ts", "demo", ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  after(() => child.kill("SIGKILL"));
  return {
    child,
    output: () => output,
    until: async (pattern) => {
      for (;;) {
        const match = pattern.exec(output);
        if (match) return match;
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`);
        await sleep(20);
      }
    },
    interrupt: async () => {
      child.kill("SIGINT");
      const [code] = (await once(child, "close")) as [number | null];
      return code;
    },
  };
}

describe("npm start", () => {
  test("shows the demo's world in a table, and the same numbers on /metrics", async () => {
    const demo = startDemo();
    const [, url = ""] = await demo.until(/open +(http:\/\/127\.0\.0\.1:\d+\/metrics)/);
    for (const queue of queueNames) assert.match(demo.output(), new RegExp(`^${queue} +\\d+ +[\\d.]+[smh]`, "m"));
    const exposition = await (await fetch(url)).text();
    for (const queue of queueNames)
      assert.match(exposition, new RegExp(`^jobqueue_queue_size\\{.*queue="${queue}".*\\} \\d+$`, "m"));
    assert.match(exposition, /^jobqueue_queue_latency_limit_seconds\{.*queue="critical",severity="critical".*\} 15$/m);
    assert.match(exposition, /^jobqueue_worker_count\{.*state="active".*\} 7$/m);
    assert.match(exposition, /^redis_uptime_seconds_total\{/m);
    await demo.until(/receiver of this demo: [1-9]\d* requests, [1-9]\d{2,} points, /);
    assert.equal(await demo.interrupt(), 0);
    assert.ok(!demo.output().includes("\u001b"), "a pipe gets no control codes");
    assert.doesNotMatch(demo.output(), /level=(?:warn|error)|undefined|NaN/);
  });

  test("pushes to the collector that the environment names", async () => {
    const collector = await startOtlpReceiver();
    const demo = startDemo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const wanted = new Set(jobClasses.map(({ name }) => name));
    await collector.until((receiver) => {
      const classes = receiver.points().filter(({ name }) => name === "jobqueue.class.processed");
      return classes.some(({ attributes }) => wanted.has(String(attributes["job.class"])));
    });
    const { host } = new URL(collector.url);
    await demo.until(new RegExp(`push +OTLP, to ${host}`));
    assert.equal(await demo.interrupt(), 0);
    const sizes = collector.points().filter(({ name }) => name === "jobqueue.queue.size");
    assert.deepEqual(new Set(sizes.map(({ attributes }) => attributes["queue"])), new Set(queueNames));
    await collector.close();
  });

  test("two may run at once: the second serves /metrics elsewhere, and says so", async () => {
    const [first, second] = [startDemo(), startDemo({}, ["--seed", "second"])];
    const urls = await Promise.all(
      [first, second].map((demo) => demo.until(/open +(\S+\/metrics)( \(9464 is taken\))?/)),
    );
    assert.notEqual(urls[0]?.[1], urls[1]?.[1]);
    assert.ok(urls.some(([, , moved]) => moved !== undefined));
    for (const [, url = ""] of urls) assert.equal((await fetch(url)).status, 200);
    assert.deepEqual(await Promise.all([first.interrupt(), second.interrupt()]), [0, 0]);
  });

  test("with REDIS_URL it watches that Redis, without writing or telling the password", async () => {
    const password = "canary-s3cret";
    const redis = await startRedisServer(["--requirepass", password]);
    const as = ["--no-auth-warning", "-a", password];
    await redis.cli(as, await readFile(join(root, "test/fixtures/resque-3.0.0/commands.txt"), "utf8"));
    await redis.cli([...as, "CONFIG", "RESETSTAT"]);
    const demo = startDemo({ REDIS_URL: redis.url.replace("//", `//:${password}@`) });
    await demo.until(/the Redis of REDIS_URL, read-only[\s\S]*next +as a service/);
    assert.match(demo.output(), /13 scheduled · 10 failed/);
    assert.match(demo.output(), /push +nothing: set OTEL_EXPORTER_OTLP_ENDPOINT/);
    assert.equal(await demo.interrupt(), 0);
    assert.ok(!demo.output().includes(password));
    const commands = await redis.cli([...as, "INFO", "commandstats"]);
    assert.doesNotMatch(commands, /cmdstat_(?:set|del|lpush|rpush|hset|zadd|sadd|expire|eval)\b/);
    await redis.stop();
  });

  test("a Redis that is not there is said, and is no reason to end", async () => {
    const demo = startDemo({ REDIS_URL: "redis://127.0.0.1:1" });
    await demo.until(/Redis cannot be read[\s\S]*REDIS_UNREACHABLE/);
    assert.equal(await demo.interrupt(), 0);
  });

  test("wrong options are told", async () => {
    for (const speed of ["x", "0", "-3", "Infinity"]) {
      const demo = startDemo({}, [`--speed=${speed}`]);
      const [code] = (await once(demo.child, "close")) as [number];
      assert.equal(code, 2);
      assert.match(demo.output(), /--speed takes a number from 1 to 10000/);
    }
  });
});

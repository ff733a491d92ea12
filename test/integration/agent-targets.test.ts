import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { eventually, runBuilt, startAgent, type RunningAgent } from "../support/agent.ts";
import { scrape, total } from "../support/exported.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";

let redis: RedisServer;
let dir: string;
let collector: OtlpReceiver;
const closing: (() => Promise<unknown>)[] = [];

before(async () => (redis = await startRedisServer()));
after(() => redis.stop());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "queuewatch-targets-"));
  await mkdir(join(dir, "targets.d"));
  collector = await startOtlpReceiver();
  closing.push(
    () => rm(dir, { recursive: true }),
    () => collector.close(),
  );
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const write = (name: string, text: string) => writeFile(join(dir, "targets.d", name), text);
const target = (name: string, db: number, more = "") =>
  `- { name: ${name}, redis: "${redis.url}/${db}", system: sidekiq${more} }\n`;

async function start(more: object = {}): Promise<RunningAgent> {
  const config = {
    interval: "1s",
    target_files: [join(dir, "targets.d/*.yaml")],
    export: { otlp: [{ endpoint: collector.url }] },
    ...more,
  };
  const agent = await startAgent({ config });
  closing.push(() => agent.stop());
  await eventually("the start", () => agent.err.includes("message=started"));
  return agent;
}

const reloads = (agent: RunningAgent) => agent.err.match(/message="config read again"/g)?.length ?? 0;

/** Asks for a reload, and waits until it is done. */
async function reload(agent: RunningAgent): Promise<void> {
  const done = reloads(agent);
  agent.kill("SIGHUP");
  await eventually("the reload", () => reloads(agent) > done);
}

const pointsOf = (name: string, metric = "queuewatch.target.up") =>
  collector.points().filter((point) => point.name === metric && point.attributes["target"] === name);
const ended = (name: string) => pointsOf(name).at(-1)?.noRecordedValue === true;
const isRead = (name: string) => pointsOf(name).at(-1)?.value === 1;
const refused = async (agent: RunningAgent) => total(await scrape(agent), "queuewatch_config_last_reload_refused");

/** Connections to Redis besides redis-cli's own, by the database that they selected. */
async function connections(): Promise<string[]> {
  const list = (await redis.cli(["CLIENT", "LIST"])).split("\n");
  return list
    .filter((line) => line !== "" && !line.includes("cmd=client|list"))
    .map((line) => line.replace(/ .*db=/, " db=").replace(/ sub=.*/, ""));
}

describe("the built agent with targets in files", () => {
  test("takes up what comes, changes, breaks, is mended and goes; the others do not notice", async () => {
    await write("a.yaml", target("a", 0));
    const agent = await start();
    await eventually("a is read", () => isRead("a"));
    const connection = await connections();

    await write("b.yaml", target("b", 1) + target("c", 2));
    await reload(agent);
    await eventually("b and c are read", () => isRead("b") && isRead("c"));

    await write("b.yaml", `- { name: b, redis: "${redis.url}/1"`);
    await reload(agent);
    await reload(agent);
    assert.match(
      agent.err,
      /level=error message=".*b\.yaml:1:\d+: .*; what was in force stays" code=CONFIG_SYNTAX file=/,
    );
    assert.equal(agent.err.match(/code=CONFIG_SYNTAX/g)?.length, 1, "said once");
    await eventually("the agent's own metrics say so", async () => (await refused(agent)) === 1);
    const seen = pointsOf("c").length;
    await eventually("b and c are still read", () => pointsOf("c").length > seen + 1 && isRead("b"));

    await write("b.yaml", target("b", 1, ", workers: { minimum: 3 }"));
    await reload(agent);
    await eventually("c has ended", () => ended("c"));
    const minimum = () => pointsOf("b", "jobqueue.worker.minimum").at(-1)?.value;
    await eventually("b has its minimum", () => minimum() === 3);
    await eventually("and all is well", async () => (await refused(agent)) === 0);

    await rm(join(dir, "targets.d/b.yaml"));
    await reload(agent);
    await eventually("b has ended", () => ended("b"));
    assert.equal(pointsOf("b").filter(({ value }) => value === 0).length, 0, "never down");
    assert.deepEqual(await connections(), connection, "the same connection as before");
    assert.deepEqual([...new Set(pointsOf("a").map(({ value }) => value))], [1]);
    const starts = pointsOf("a", "jobqueue.worker.lost").map(({ startMs }) => startMs);
    assert.equal(new Set(starts).size, 1, "its counts have one beginning");
    assert.doesNotMatch((await agent.get("/metrics")).text, /^(jobqueue|redis)_.*target="[bc]"/m);
  });

  test("follows a ConfigMap that is mounted, by itself", async () => {
    const volume = join(dir, "targets.d");
    /** As the kubelet writes it: a new folder, then one link changes. */
    const mount = async (version: string, files: Readonly<Record<string, string>>) => {
      const old = await readdir(volume);
      await mkdir(join(volume, version));
      for (const [name, text] of Object.entries(files)) await writeFile(join(volume, version, name), text);
      await symlink(version, join(volume, "..data_tmp"));
      await rename(join(volume, "..data_tmp"), join(volume, "..data"));
      for (const name of Object.keys(files))
        if (!old.includes(name)) await symlink(`..data/${name}`, join(volume, name));
      for (const name of old)
        if (!name.startsWith("..") && !(name in files)) await rm(join(volume, name));
        else if (name.startsWith("..2026")) await rm(join(volume, name), { recursive: true });
    };
    await mount("..2026_11_23_08_00_00.1", { "a.yaml": target("a", 0), "b.yaml": target("b", 1) });
    const agent = await start();
    await eventually("both are read", () => isRead("a") && isRead("b"));
    await mount("..2026_11_23_08_05_00.2", { "a.yaml": target("a", 0), "c.yaml": target("c", 2) });
    await eventually("c is read, b has ended", () => isRead("c") && ended("b"));
    assert.deepEqual([...new Set(pointsOf("a").map(({ value }) => value))], [1]);
    assert.match(agent.err, /message="config read again" targets=2 added=c removed=b/);
    assert.doesNotMatch(agent.err, /level=error/);
  });

  test("takes up targets of the config itself; the rest is said to need a restart", async () => {
    await write("a.yaml", target("a", 0));
    const agent = await start({ targets: [{ name: "own", redis: `${redis.url}/3` }] });
    await eventually("it is read", () => isRead("own"));
    const config = JSON.parse(await readFile(agent.file, "utf8")) as Record<string, unknown>;
    const changed = { ...config, interval: "2s", targets: [{ name: "other", redis: `${redis.url}/3` }] };
    await writeFile(agent.file, JSON.stringify(changed));
    await reload(agent);
    await eventually("the other is read", () => isRead("other") && ended("own"));
    assert.match(agent.err, /level=warn message="only targets .* after a restart: interval"/);
    await writeFile(agent.file, JSON.stringify({ ...changed, targets: [{ name: "a", redis: `${redis.url}/3` }] }));
    await reload(agent);
    assert.match(agent.err, /the name `a` is taken at \S+a\.yaml:1:11 already; what was in force stays/);
    await rm(agent.file);
    await reload(agent);
    assert.match(agent.err, /code=CONFIG_UNREADABLE/);
    const seen = pointsOf("other").length;
    await eventually("it goes on", () => pointsOf("other").length > seen + 1);
  });

  test("holds nothing of what it has left, after fifty reloads", async () => {
    await write("a.yaml", target("a", 0));
    const agent = await start();
    await eventually("a is read", () => isRead("a"));
    const held = async () => (await readdir(`/proc/${agent.pid}/fd`)).length;
    const [connection, files] = [await connections(), await held()];
    for (let turn = 0; turn < 25; turn++) {
      await write(
        "b.yaml",
        target("b", turn % 16) + target(`c${turn}`, 2) + target("d", 3, `, interval: ${turn + 1}s`),
      );
      await reload(agent);
      await write("b.yaml", turn % 2 === 0 ? "[]" : "- [");
      await reload(agent);
    }
    const received = /total_connections_received:(\d+)/.exec(await redis.cli(["INFO", "stats"]))?.[1];
    assert.ok(Number(received) > 75, `${received} connections were opened`);
    await rm(join(dir, "targets.d/b.yaml"));
    await reload(agent);
    await eventually("one connection is left", async () => (await connections()).length === 1);
    assert.deepEqual(await connections(), connection);
    assert.ok((await held()) < files + 10, `${await held()} files open, ${files} before`);
    assert.match((await agent.get("/readyz")).text, /^ok|ready/i);
  });
});

describe("commands of the built program", () => {
  test("see the targets of all files", async () => {
    await write("a.yaml", target("a", 0));
    await write(
      "b.yaml",
      `name: b\nredis: "${redis.url}/1"\nqueues: { mail: { latency: 1m, team: post } }`.replace(
        "latency: 1m",
        "latency: { critical: 1m }",
      ),
    );
    const file = join(dir, "queuewatch.yaml");
    await writeFile(
      file,
      `target_files: ["targets.d/*.yaml"]
alerting:
  contacts: { post: { email: [post@example.com] }, all: { email: [all@example.com] } }
  routes: { critical: [all], teams: { post: { critical: [post] } } }
`,
    );
    const check = await runBuilt(["check", "--config", file]);
    assert.match(check.out, /^a\n[^]*^b\n/m);
    const snapshot = await runBuilt(["snapshot", "--config", file, "--system", "sidekiq", "--format", "json"]);
    assert.deepEqual(
      (JSON.parse(snapshot.out) as { target: string }[]).map((one) => one.target),
      ["a", "b"],
    );
    const out = join(dir, "out");
    assert.equal((await runBuilt(["generate", "alertmanager", "--config", file, "--out", out])).code, 0);
    assert.match(await readFile(join(out, "alertmanager.yaml"), "utf8"), /queue=~\\"mail\\"/);
    await write("b.yaml", "name: 5");
    const refusal = await runBuilt(["check", "--config", file]);
    assert.equal(refusal.code, 2);
    assert.match(refusal.err, /b\.yaml:1:7: name: expected a text/);
  });
});

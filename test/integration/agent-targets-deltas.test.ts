import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { startOtlpReceiver, type OtlpReceiver, type ReceivedPoint } from "../support/otlp-receiver.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";

let redis: RedisServer;
let deltas: OtlpReceiver;
let totals: OtlpReceiver;
let dir: string;

before(async () => {
  redis = await startRedisServer();
  await redis.cli(["ACL", "SETUSER", "watcher", "on", ">first", ">second", "~*", "&*", "+@all"]);
  // Some requests are lost, and come again.
  let turn = 0;
  deltas = await startOtlpReceiver({ answer: () => (turn++ % 20 === 7 ? { status: 503 } : {}) });
  totals = await startOtlpReceiver();
  dir = await mkdtemp(join(tmpdir(), "queuewatch-targets-"));
});
after(async () => {
  await deltas.close();
  await totals.close();
  await redis.stop();
  await rm(dir, { recursive: true });
});

/** Jobs as Sidekiq 8 counts them: in all, and by class in the minute's bucket. */
class Jobs {
  done = 0;

  async work(count: number): Promise<void> {
    const now = new Date();
    const two = (value: number) => String(value).padStart(2, "0");
    const day = `${two(now.getUTCFullYear() % 100)}${two(now.getUTCMonth() + 1)}${two(now.getUTCDate())}`;
    const bucket = `j|${day}|${now.getUTCHours()}:${two(now.getUTCMinutes())}`;
    await redis.cli(
      [],
      `INCRBY stat:processed ${count}\nHINCRBY ${bucket} Work|p ${count}\nHINCRBY ${bucket} Work|ms ${count}\n`,
    );
    this.done += count;
  }

  /** Works until the signal aborts, without regard to what the agent does. */
  async keepWorking(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.work(1);
      await sleep(10);
    }
  }
}

const pointsOf = (receiver: OtlpReceiver, metric: string): ReceivedPoint[] =>
  receiver.points().filter(({ name, attributes }) => name === metric && attributes["target"] === "shop");
/** Of a counter its value, of a histogram its observations. */
const valueOf = ({ value, histogram }: ReceivedPoint) => value ?? histogram?.count ?? 0;
const delivered = (metric: string) => pointsOf(deltas, metric).reduce((sum, point) => sum + valueOf(point), 0);
const latest = (metric: string) => pointsOf(totals, metric).at(-1)?.value ?? 0;

/** Everything about the target that can change without its being another one. */
function shopAs(turn: number): string {
  const password = ["first", "second"][turn % 2];
  const promise = { queues: { [`queue-${turn % 3}`]: { latency: { critical: `${turn + 1}m` } } } };
  const url = redis.url.replace("//", "//watcher@");
  return JSON.stringify({
    name: "shop",
    redis: { url, password },
    system: turn % 5 < 3 ? "sidekiq" : "auto",
    interval: `${200 + 50 * (turn % 4)}ms`,
    workers: { minimum: turn + 1 },
    ...(turn % 2 === 0 ? promise : {}),
  });
}

async function start(): Promise<RunningAgent> {
  const agent = await startAgent({
    config: {
      interval: "1s",
      state_dir: join(dir, "state"),
      target_files: [join(dir, "*.yaml")],
      export: {
        otlp: [
          { name: "deltas", endpoint: deltas.url, temporality: "delta" },
          { name: "totals", endpoint: totals.url },
        ],
      },
    },
  });
  await eventually("the start", () => agent.err.includes("message=started"));
  return agent;
}

async function reload(agent: RunningAgent): Promise<void> {
  const reloads = () => agent.err.match(/message="config read again"/g)?.length ?? 0;
  const done = reloads();
  agent.kill("SIGHUP");
  await eventually("the reload", () => reloads() > done);
}

test("differences sum up to what was done, over thirty reloads and a restart; totals never go back", async (t) => {
  const jobs = new Jobs();
  const stop = new AbortController();
  await jobs.work(1_000);
  const file = join(dir, "shop.yaml");
  await writeFile(file, shopAs(0));
  let agent = await start();
  t.after(async () => {
    stop.abort();
    if (agent.code === undefined) await agent.stop();
  });
  await eventually("the first read has arrived", () => pointsOf(deltas, "jobqueue.job.processed").length > 0);
  const earlier = jobs.done;
  const working = jobs.keepWorking(stop.signal);
  for (let turn = 1; turn <= 30; turn++) {
    await writeFile(file, turn % 7 === 0 ? "- broken: [" : shopAs(turn));
    await writeFile(join(dir, "other.yaml"), turn % 2 === 0 ? "[]" : `{ name: other, redis: "${redis.url}/1" }`);
    await reload(agent);
    await sleep(100);
  }
  assert.equal(await agent.stop(), 0);
  await writeFile(file, shopAs(31));
  agent = await start();
  stop.abort();
  await working;
  await jobs.work(1);
  const done = jobs.done - earlier;
  const settled = () => delivered("jobqueue.job.processed") >= done && delivered("jobqueue.class.processed") >= done;
  await eventually("all has arrived", settled);
  await sleep(1_500);
  assert.equal(await agent.stop(), 0);

  assert.equal(delivered("jobqueue.job.processed"), done);
  assert.equal(delivered("jobqueue.class.processed"), done);
  assert.equal(latest("jobqueue.job.processed"), jobs.done);
  assert.equal(latest("jobqueue.class.processed"), done);
  const classes = pointsOf(totals, "jobqueue.class.processed");
  assert.equal(new Set(classes.map(({ startMs }) => startMs)).size, 1, "one beginning");
  assert.ok(classes.every((point, index) => index === 0 || valueOf(point) >= valueOf(classes[index - 1] ?? point)));
  assert.ok(![...classes, ...pointsOf(deltas, "jobqueue.job.processed")].some((point) => point.noRecordedValue));
});

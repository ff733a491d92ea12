/** Shape of a Sidekiq data set. */
export interface SidekiqShape {
  readonly queues: number;
  readonly jobsPerQueue: number;
  /** Jobs of one more queue. */
  readonly huge: number;
  readonly processes: number;
  readonly busyPerProcess: number;
  readonly retry: number;
  readonly dead: number;
}

/** As the other exporters were measured on: 50 queues, 20 processes of 10 threads. */
export const sidekiqSmall: SidekiqShape = {
  queues: 50,
  jobsPerQueue: 5,
  huge: 0,
  processes: 20,
  busyPerProcess: 10,
  retry: 100,
  dead: 100,
};

/** 1,001 queues (one of a million jobs), 2,000 processes with 20,000 running jobs, 100,000 retries, 10,000 dead jobs. */
export const sidekiqLarge: SidekiqShape = {
  queues: 1_000,
  jobsPerQueue: 5,
  huge: 1_000_000,
  processes: 2_000,
  busyPerProcess: 10,
  retry: 100_000,
  dead: 10_000,
};

const padding = "x".repeat(60);
const id = (serial: number) => serial.toString(16).padStart(24, "0");

/** One job as Sidekiq 8 writes it. */
export function job(serial: number, queue: string, atMs: number, more: Readonly<Record<string, unknown>> = {}): string {
  const base = { retry: true, queue, args: [padding], class: `Job${serial % 200}`, jid: id(serial) };
  return JSON.stringify({ ...base, created_at: atMs, enqueued_at: atMs, ...more });
}

/** Commands that build the data set, for `sendCommands`. Times are of now. */
export function* sidekiqCommands(shape: SidekiqShape, nowMs: number): Generator<readonly string[]> {
  for (let queue = 0; queue < shape.queues; queue++) {
    yield ["SADD", "queues", `q${queue}`];
    const jobs = Array.from({ length: shape.jobsPerQueue }, (_, n) => job(queue * 10 + n, `q${queue}`, nowMs - 60_000));
    yield ["LPUSH", `queue:q${queue}`, ...jobs];
  }
  if (shape.huge > 0) yield ["SADD", "queues", "huge"];
  for (let from = 0; from < shape.huge; from += 500)
    yield [
      "LPUSH",
      "queue:huge",
      ...Array.from({ length: 500 }, (_, n) => job(from + n, "huge", nowMs - 3_600_000 + from)),
    ];
  for (let process = 0; process < shape.processes; process++) yield* processCommands(shape, process, nowMs);
  for (let from = 0; from < shape.retry; from += 100)
    yield ["ZADD", "retry", ...failures(from, nowMs, 10_000 / shape.retry)];
  for (let from = 0; from < shape.dead; from += 100)
    yield ["ZADD", "dead", ...failures(from, nowMs, -10_000 / shape.dead)];
  yield ["SET", "stat:processed", "123456789"];
  yield ["SET", "stat:failed", "12345"];
}

const hostOf = (process: number) => `host-${process}.example.internal`;
const identityOf = (process: number) =>
  `${hostOf(process)}:${1_000 + process}:${process.toString(16).padStart(12, "0")}`;

function* processCommands(shape: SidekiqShape, process: number, nowMs: number): Generator<readonly string[]> {
  const host = hostOf(process);
  const identity = identityOf(process);
  const queues = Array.from({ length: 10 }, (_, n) => `q${(process + n) % shape.queues}`);
  const weights = Object.fromEntries(queues.map((queue, n) => [queue, n + 1]));
  const capsules = { default: { concurrency: 10, mode: "weighted", weights } };
  const common = { hostname: host, started_at: nowMs / 1_000 - 1_000, pid: 1_000 + process, tag: "app", labels: [] };
  const info = JSON.stringify({ ...common, queues, weights: [weights], capsules, identity, version: "8.1.7" });
  yield ["SADD", "processes", identity];
  yield ["HSET", identity, "info", info, "concurrency", "10", "busy", String(shape.busyPerProcess)];
  yield ["HSET", identity, "beat", String(nowMs / 1_000), "rtt_us", "200", "quiet", "false", "rss", "250000"];
  const work = Array.from({ length: shape.busyPerProcess }, (_, n) => [
    id(process * 10 + n).slice(-6),
    JSON.stringify({
      queue: `q${n}`,
      payload: job(process * 10 + n, `q${n}`, nowMs - 5_000),
      run_at: Math.floor(nowMs / 1_000) - 4,
    }),
  ]);
  if (work.length > 0) yield ["HSET", `${identity}:work`, ...work.flat()];
}

/** What every process writes each ten seconds. */
export function* beats(shape: SidekiqShape): Generator<readonly string[]> {
  for (let process = 0; process < shape.processes; process++) {
    yield ["HSET", identityOf(process), "beat", String(Date.now() / 1_000)];
  }
}

/** A hundred scores and members; the scores go upwards or downwards from now, `step` seconds apart. */
function failures(from: number, nowMs: number, step: number): string[] {
  return Array.from({ length: 100 }, (_, n) => {
    const serial = from + n;
    const failed = { failed_at: nowMs - 7_000_000, retried_at: nowMs - 600_000, retry_count: 3 };
    const error = { error_class: "Net::ReadTimeout", error_message: "Net::ReadTimeout with #<TCPSocket:(closed)>" };
    const member = job(serial, `q${serial % 1_000}`, nowMs - 7_200_000, { ...failed, ...error });
    return [String(nowMs / 1_000 + step * serial), member];
  }).flat();
}

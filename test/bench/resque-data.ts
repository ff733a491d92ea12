import { once } from "node:events";
import { connect } from "node:net";

/** Shape of a Resque data set. */
export interface ResqueShape {
  readonly queues: number;
  readonly jobsPerQueue: number;
  readonly workers: number;
  /** Share of workers that execute a job. */
  readonly busy: number;
  readonly failed: number;
}

/** As the other exporters were measured on: 1,000 queues, 2,000 workers. */
export const resqueLarge: ResqueShape = { queues: 1_000, jobsPerQueue: 50, workers: 2_000, busy: 0.5, failed: 10_000 };

const padding = "x".repeat(60);

/** Commands that build the data set, for `sendCommands`. Times are of now. */
export function* resqueCommands(shape: ResqueShape, nowMs: number): Generator<readonly string[]> {
  for (let queue = 0; queue < shape.queues; queue++) {
    yield ["SADD", "resque:queues", `q${queue}`];
    for (let from = 0; from < shape.jobsPerQueue; from += 500)
      yield ["RPUSH", `resque:queue:q${queue}`, ...jobs(queue, from, Math.min(500, shape.jobsPerQueue - from))];
  }
  const iso = new Date(nowMs).toISOString();
  for (let worker = 0; worker < shape.workers; worker++) {
    const id = `host-${worker % 100}:${1_000 + worker}:q${worker % shape.queues},q${(worker + 1) % shape.queues}`;
    yield ["SADD", "resque:workers", id];
    yield ["HSET", "resque:workers:heartbeat", id, iso];
    yield ["SET", `resque:worker:${id}:started`, iso];
    if (worker < shape.workers * shape.busy)
      yield [
        "SET",
        `resque:worker:${id}`,
        JSON.stringify({
          queue: `q${worker % shape.queues}`,
          run_at: iso,
          payload: { class: `Job${worker % 200}`, args: [padding] },
        }),
      ];
  }
  for (let failure = 0; failure < shape.failed; failure++) yield ["RPUSH", "resque:failed", failed(failure)];
  yield ["MSET", "resque:stat:processed", "1000000", "resque:stat:failed", "20000"];
}

export function jobs(queue: number, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({ class: `Job${queue % 200}`, args: [from + index, padding] }),
  );
}

function failed(number: number): string {
  return JSON.stringify({
    failed_at: "2026/11/21 22:42:07 EST",
    payload: { class: `Job${number % 50}`, args: [number, padding] },
    exception: number % 7 === 0 ? "Net::ReadTimeout" : "ArgumentError",
    error: "something went wrong",
    backtrace: Array.from({ length: 10 }, (_, line) => `/srv/app/lib/some/file.rb:${line}:in 'perform'`),
    worker: `host-${number % 100}:${number}:q1`,
    queue: `q${number % 100}`,
  });
}

/** Sends commands over a connection of their own, and waits until all are answered. */
export async function sendCommands(port: number, commands: Iterable<readonly string[]>): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.resume();
  let chunk = "";
  const flush = async () => {
    const text = chunk;
    chunk = "";
    if (!socket.write(text)) await once(socket, "drain");
  };
  for (const command of commands) {
    chunk += `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
    if (chunk.length > 1 << 20) await flush();
  }
  chunk += "*1\r\n$4\r\nQUIT\r\n";
  const ended = once(socket, "close");
  await flush();
  await ended;
}

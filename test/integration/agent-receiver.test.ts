import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { errors, type ErrorCode } from "../../src/errors.ts";
import { eventually, startAgent, type RunningAgent } from "../support/agent.ts";
import { deltaSums, differing, growths } from "../support/delta-sums.ts";
import { scrape, total } from "../support/exported.ts";
import { startOtlpReceiver, type Answer, type OtlpReceiver, type ReceivedPoint } from "../support/otlp-receiver.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { testPki, untrustedServers } from "../support/tls.ts";

// One built agent with a destination for each fault, all of them delta, and a healthy one beside them that gets totals:
// what these have grown by is what must have arrived at each of the others in the end.

/** `waits`: kept and tried again. `refused`: lost, and counted. `some`: a part is rejected. `arrives`: all the same. */
type Fate = "waits" | "refused" | "some" | "arrives";

interface Fault {
  readonly code: ErrorCode | undefined;
  readonly fate: Fate;
  /** What the log quotes. */
  readonly says: RegExp;
  /** While it lasts. Without: nobody listens. */
  readonly answer?: (points: readonly ReceivedPoint[]) => Answer;
  readonly certificate?: "expired" | "selfSigned" | "otherHost";
}

const text = { "content-type": "text/plain" };
const all = (points: readonly ReceivedPoint[]) => ({ rejectedDataPoints: points.length, errorMessage: "no room" });

const faults: Readonly<Record<string, Fault>> = {
  "400": {
    code: "EXPORT_REFUSED",
    fate: "refused",
    says: /HTTP 400: no such thing/,
    answer: () => ({ status: 400, headers: text, body: "no such thing" }),
  },
  "301": {
    code: "EXPORT_REFUSED",
    fate: "refused",
    says: /redirects are not followed/,
    answer: () => ({ status: 301, headers: { location: "http://127.0.0.1:1/" } }),
  },
  "a web page": {
    code: "EXPORT_REFUSED",
    fate: "refused",
    says: /no OTLP receiver/,
    answer: () => ({ headers: { "content-type": "text/html" }, body: "<html>", stored: false }),
  },
  "401": {
    code: "EXPORT_UNAUTHORIZED",
    fate: "waits",
    says: /HTTP 401: who are you/,
    answer: () => ({ status: 401, headers: text, body: "who are you" }),
  },
  "403": { code: "EXPORT_UNAUTHORIZED", fate: "waits", says: /HTTP 403/, answer: () => ({ status: 403 }) },
  "413": {
    code: "EXPORT_TOO_LARGE",
    fate: "arrives",
    says: /HTTP 413: cut until it fits/,
    answer: (points) => (points.length > 10 ? { status: 413 } : {}),
  },
  "429": {
    code: "EXPORT_UNAVAILABLE",
    fate: "waits",
    says: /HTTP 429/,
    answer: () => ({ status: 429, headers: { "retry-after": "3" } }),
  },
  "503": { code: "EXPORT_UNAVAILABLE", fate: "waits", says: /HTTP 503/, answer: () => ({ status: 503 }) },
  "504, stored": {
    code: "EXPORT_UNAVAILABLE",
    fate: "waits",
    says: /HTTP 504/,
    answer: () => ({ status: 504, stored: true }),
  },
  "some rejected": {
    code: "EXPORT_REJECTED",
    fate: "some",
    says: /1 of \d+ points: too old/,
    answer: () => ({ partialSuccess: { rejectedDataPoints: 1, errorMessage: "too old" } }),
  },
  "all rejected": {
    code: "EXPORT_REJECTED",
    fate: "refused",
    says: /points: no room/,
    answer: (points) => ({ partialSuccess: all(points), stored: false }),
  },
  silence: { code: "EXPORT_TIMEOUT", fate: "waits", says: /no answer within 1 s/, answer: () => ({ hang: true }) },
  "silence, stored": {
    code: "EXPORT_TIMEOUT",
    fate: "waits",
    says: /no answer within 1 s/,
    answer: () => ({ hang: true, stored: true }),
  },
  reset: { code: "EXPORT_UNREACHABLE", fate: "waits", says: /ECONNRESET|hang up/, answer: () => ({ reset: "before" }) },
  "reset, stored": {
    code: "EXPORT_UNREACHABLE",
    fate: "waits",
    says: /ECONNRESET|hang up/,
    answer: () => ({ reset: "before", stored: true }),
  },
  "broken off in the answer": { code: undefined, fate: "arrives", says: /^/, answer: () => ({ reset: "during" }) },
  nobody: { code: "EXPORT_UNREACHABLE", fate: "waits", says: /ECONNREFUSED/ },
  expired: { code: "EXPORT_TLS", fate: "waits", says: /certificate has expired/, certificate: "expired" },
  "self-signed": { code: "EXPORT_TLS", fate: "waits", says: /self-signed certificate/, certificate: "selfSigned" },
  "another host": { code: "EXPORT_TLS", fate: "waits", says: /Host: 127\.0\.0\.1|altnames/, certificate: "otherHost" },
};
const names = Object.entries(faults);
const isStored = (name: string): boolean => name.endsWith(", stored");

describe("the built agent before receivers that fail", () => {
  const stack = new AsyncDisposableStack();
  const receivers = new Map<string, OtlpReceiver[]>();
  const ports = new Map<string, number>();
  const arrivals = new Map<string, number[]>();
  const pki = testPki();
  let redis: RedisServer;
  let control: OtlpReceiver;
  let agent: RunningAgent;
  let failing = true;
  const startedMs = Date.now();

  async function listen(name: string, fault: Fault): Promise<void> {
    const bad = fault.certificate && failing ? untrustedServers(pki)[fault.certificate] : pki.server;
    const receiver = await startOtlpReceiver({
      port: ports.get(name) ?? 0,
      ...(fault.certificate ? { tls: { cert: bad.cert, key: bad.key } } : {}),
      answer: ({ points }) => {
        arrivals.set(name, [...(arrivals.get(name) ?? []), Date.now()]);
        return failing ? (fault.answer?.(points) ?? {}) : {};
      },
    });
    receivers.set(name, [...(receivers.get(name) ?? []), receiver]);
  }

  const saidBy = (name: string): string[] =>
    agent.err
      .split("\n")
      .filter((line) => line.includes(`destination=${quoted(name)}`))
      .filter((line) => !(isStored(name) && line.includes("code=EXPORT_DROPPED")));
  /** Jobs are done, and the receiver that gets everything has got what they make in all. */
  const work = async (jobs: number, inAll: number): Promise<void> => {
    await redis.cli(["INCRBY", "stat:processed", String(jobs)]);
    await eventually(`${inAll} jobs`, () => growths(control.points()).get(processedKey)?.[0] === inAll);
  };

  before(async () => {
    stack.defer(() => pki.remove());
    stack.defer(async () => {
      for (const last of receivers.values()) await last.at(-1)?.close();
    });
    redis = await startRedisServer();
    stack.defer(() => redis.stop());
    await redis.cli(["MSET", "stat:processed", "1000000", "stat:failed", "0"]);
    control = await startOtlpReceiver();
    stack.defer(() => control.close());
    const otlp: object[] = [{ name: "control", endpoint: control.url }];
    for (const [name, fault] of names) {
      const port = await freePort();
      ports.set(name, port);
      if (fault.answer ?? fault.certificate) await listen(name, fault);
      const secure = fault.certificate !== undefined;
      otlp.push({
        name,
        endpoint: `${secure ? "https" : "http"}://127.0.0.1:${port}`,
        temporality: "delta",
        ...(name.startsWith("silence") ? { timeout: "1s" } : {}),
        // What may have arrived is not to be dropped, however long it waits; what came after it is.
        ...(isStored(name) ? { buffer: { max_age: "1s" } } : {}),
        ...(secure ? { tls: { ca_file: pki.ca.certFile } } : {}),
      });
    }
    const targets = [{ name: "shop", system: "sidekiq", redis: redis.url }];
    agent = await startAgent({ config: { interval: "1s", targets, export: { otlp } } });
    stack.defer(async () => void (await agent.stop()));
    await work(0, 0);
    await work(7, 7);
  });
  after(() => stack.disposeAsync());

  for (const [name, { code, fate, says }] of names)
    test(`${name}: ${code ?? "nothing"} is said once, with what to do; what ${fate} is counted`, async () => {
      await eventually("said", () => code === undefined || saidBy(name).length > 0);
      const lines = saidBy(name);
      const most = 1 + Math.floor((Date.now() - startedMs) / 60_000);
      assert.ok(lines.length <= (code === "EXPORT_UNAUTHORIZED" ? 1 : most), lines.join("\n"));
      for (const line of code ? lines : []) {
        assert.match(line, says);
        assert.ok(line.includes(`code=${code} `) && line.endsWith(`action=${quoted(actionOf(code))}`), line);
      }
      await eventually("counted", async () => isCounted(fate, await countsOf(agent, name)));
    });

  test("Retry-After is kept", async () => {
    await eventually("a second try", () => (arrivals.get("429")?.length ?? 0) > 1);
    const [first = 0, second = 0] = arrivals.get("429") ?? [];
    assert.ok(second - first >= 2_900, `${second - first} ms`);
  });

  test("when it is over, points arrive again; all are accounted for", async () => {
    await work(11, 18);
    for (const [name] of names.filter(([one]) => isStored(one)))
      await eventually(`${name}: dropped`, async () => (await countsOf(agent, name)).dropped > 0);
    failing = false;
    for (const [name, fault] of names.filter(([, { answer }]) => !answer)) {
      await receivers.get(name)?.[0]?.close();
      await listen(name, fault);
    }
    const waiting = names.filter(([, { code, fate }]) => fate === "waits" && code !== "EXPORT_UNAUTHORIZED");
    for (const [name] of waiting)
      await eventually(`${name}: said to be over`, () => /points arrive again/.test(saidBy(name).at(-1) ?? ""));
    await work(13, 31);
    for (const [name] of names) {
      const { delivered, dropped, produced, queued, rejected } = await countsOf(agent, name);
      assert.equal(produced, delivered + rejected + dropped + queued, name);
      assert.equal(dropped > 0, isStored(name), name);
    }
  });

  test("in the end each has got every growth once", async () => {
    // Those with wrong credentials wait for a minute: the flush at the end does not.
    assert.equal(await agent.stop(), 0);
    assert.doesNotMatch(agent.err, /INTERNAL/);
    const wanted = growths(control.points());
    assert.ok(wanted.size > 100 && wanted.get(processedKey)?.[0] === 31, `${wanted.size} series`);
    for (const [name] of names) {
      const points = (receivers.get(name) ?? []).flatMap((receiver) => receiver.points());
      assert.deepEqual(differing(deltaSums(points), wanted), [], name);
    }
  });
});

const processedKey = 'jobqueue.job.processed [["system","sidekiq"],["target","shop"]]';

interface Counts {
  readonly produced: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly queued: number;
}

/** What the agent says of a destination, of one moment. */
async function countsOf(agent: RunningAgent, destination: string): Promise<Counts> {
  const samples = await scrape(agent);
  const outcome = (name: string): number =>
    total(samples, "queuewatch_export_points_total", { destination, outcome: name }) ?? 0;
  return {
    produced: total(samples, "queuewatch_export_produced_total", { destination }) ?? 0,
    delivered: outcome("delivered"),
    rejected: outcome("rejected"),
    dropped: outcome("dropped"),
    queued: total(samples, "queuewatch_export_queued", { destination }) ?? 0,
  };
}

function isCounted(fate: Fate, { delivered, queued, rejected }: Counts): boolean {
  if (fate === "waits") return queued > 0 && delivered === 0 && rejected === 0;
  if (fate === "arrives") return delivered > 0 && rejected === 0;
  return rejected > 0 && delivered > 0 === (fate === "some");
}

function actionOf(code: ErrorCode | undefined): string {
  return code === undefined ? "" : errors[code].action;
}

/** As logfmt writes it. */
function quoted(value: string): string {
  return /^[\w.:/+-]+$/.test(value) ? value : JSON.stringify(value);
}

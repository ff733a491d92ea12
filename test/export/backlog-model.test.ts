import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emptyResource } from "@opentelemetry/resources";
import type { Answer } from "../../src/export/answer.ts";
import { Ledger } from "../../src/export/ledger.ts";
import { OtlpDestination } from "../../src/export/otlp-destination.ts";
import { OtlpEncoder } from "../../src/export/otlp.ts";
import { cumulativeKeeper, deltaKeeper } from "../../src/export/temporality.ts";
import { gunzipSync } from "node:zlib";
import { collection, count, durations, keptLog, sizes, total } from "../support/collections.ts";
import { decodeRequest } from "../support/otlp-proto.ts";
import { pointsOf, type ReceivedPoint } from "../support/otlp-points.ts";

/** How the scripted receiver treats one request, and whether it stored it. */
interface Treatment {
  readonly label: string;
  readonly stored: boolean;
  readonly answer: (points: number) => Answer;
}

const failed = (code: "EXPORT_TIMEOUT" | "EXPORT_UNREACHABLE", sent: boolean) => (): Answer => ({
  kind: "failed",
  code,
  reason: "scripted",
  sent,
});
const status = (code: number, retryAfter?: string, body: Buffer = Buffer.alloc(0)): Answer => ({
  kind: "answered",
  status: code,
  retryAfter,
  contentType: "application/x-protobuf",
  body,
});
/** ExportMetricsServiceResponse{partial_success: {rejected_data_points: n}}, n < 128. */
const partial = (rejected: number): Buffer => Buffer.from([0x0a, 2, 0x08, rejected]);

const treatments: Treatment[] = [
  { label: "ok", stored: true, answer: () => status(200) },
  { label: "refused", stored: false, answer: failed("EXPORT_UNREACHABLE", false) },
  { label: "reset, lost", stored: false, answer: failed("EXPORT_UNREACHABLE", true) },
  { label: "reset, stored", stored: true, answer: failed("EXPORT_UNREACHABLE", true) },
  { label: "black hole", stored: false, answer: failed("EXPORT_TIMEOUT", true) },
  { label: "slow, stored", stored: true, answer: failed("EXPORT_TIMEOUT", true) },
  { label: "503", stored: false, answer: () => status(503) },
  { label: "504, stored", stored: true, answer: () => status(504) },
  { label: "429 in 1 s", stored: false, answer: () => status(429, "1") },
  { label: "429 garbage", stored: false, answer: () => status(429, "soon") },
  { label: "401", stored: false, answer: () => status(401) },
  { label: "413", stored: false, answer: (points) => status(points > 2 ? 413 : 503) },
];
const refusals: Treatment[] = [
  { label: "400", stored: false, answer: () => status(400) },
  { label: "301", stored: false, answer: () => status(301) },
  { label: "partial", stored: true, answer: (points) => status(200, undefined, partial(Math.min(points, 3))) },
];

type Step = { offer: number[] } | { advanceMs: number };
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ offer: fc.array(fc.nat(50), { minLength: 5, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ advanceMs: fc.nat(120_000) }) },
);

interface Bounds {
  readonly maxBytes: number;
  /** A histogram point alone has more than 600. */
  readonly maxRequestBytes: number;
}

/** A destination whose receiver, clock and pauses are scripted. */
function scripted(script: readonly Treatment[], temporality: "cumulative" | "delta", bounds: Bounds) {
  let now = 1_700_000_000_000;
  let turn = 0;
  const stored = new Map<string, ReceivedPoint>();
  const ledger = new Ledger();
  const log = keptLog(() => now);
  const encoding = {
    resource: emptyResource(),
    temporality,
    ended: true,
    version: "1",
    protocol: "http/protobuf",
  } as const;
  const destination = new OtlpDestination({
    name: "scripted",
    packing: {
      encoder: new OtlpEncoder(encoding),
      protocol: "http/protobuf",
      compression: "gzip",
      maxRequestBytes: bounds.maxRequestBytes,
    },
    limits: { maxBytes: bounds.maxBytes, maxAgeMs: 300_000 },
    keeper: temporality === "delta" ? deltaKeeper(ledger, true) : cumulativeKeeper(true),
    send: (body) => {
      const points = pointsOf(decodeRequest(gunzipSync(body)));
      const treatment = script[turn++] ?? treatments[0];
      assert.ok(treatment);
      if (treatment.stored) for (const point of points) stored.set(keyOf(point), point);
      check();
      return Promise.resolve(treatment.answer(points.length));
    },
    save: () => Promise.resolve(),
    release: () => undefined,
    log: log.log,
    now: () => now,
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    random: () => 0.5,
  });
  const check = (): void => {
    const { produced, delivered, rejected, dropped, queued } = destination.counts;
    assert.equal(produced, delivered + rejected + dropped + queued);
    for (const part of [delivered, rejected, dropped, queued]) assert.ok(part >= 0 && Number.isInteger(part));
  };
  return {
    destination,
    stored,
    ledger,
    check,
    requests: () => turn,
    advance: (ms: number) => (now += ms),
    now: () => now,
  };
}

function keyOf({ name, attributes, timeMs }: ReceivedPoint): string {
  return JSON.stringify([name, attributes["queue"], timeMs]);
}

interface Counts {
  jobs: number;
  fast: number;
  slow: number;
  redis: number;
}

/** Plays the steps. The counts of ours only grow, Redis's total now and then begins anew. Gives what they grew by in all. */
async function play(steps: readonly Step[], world: ReturnType<typeof scripted>): Promise<Counts> {
  const { destination, check } = world;
  const startMs = world.now();
  const ours: Counts = { jobs: 0, fast: 0, slow: 0, redis: 0 };
  const redis: number[] = [];
  for (const [index, one] of steps.entries()) {
    if ("advanceMs" in one) world.advance(one.advanceMs);
    else {
      redis.push(grow(ours, one.offer));
      world.advance(1_000);
      const gauges = sizes([one.offer[4] ?? 0, index], index === 3 ? ["ended"] : []);
      const counters = [total(ours.redis), count(ours.jobs, startMs), durations(ours.fast, ours.slow, startMs)];
      destination.offer(collection(world.now(), gauges, ...counters));
    }
    check();
    if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    check();
  }
  // The first value of a total says nothing of its growth.
  return { ...ours, redis: redis.slice(1).reduce((sum, growth) => sum + growth, 0) };
}

/** Gives what Redis's total grew by, as anyone can see it: one that fell began at 0. */
function grow(ours: Counts, [jobs = 0, fast = 0, slow = 0, redis = 0]: readonly number[]): number {
  const before = ours.redis;
  ours.jobs += jobs;
  ours.fast += fast;
  ours.slow += slow;
  ours.redis = redis % 7 === 0 ? redis : before + redis;
  return ours.redis < before ? ours.redis : ours.redis - before;
}

/** One more collection without growth takes along what was refused before it. */
async function finish(world: ReturnType<typeof scripted>, grown: Counts): Promise<void> {
  await world.destination.close(AbortSignal.timeout(20_000));
  world.check();
  assert.equal(world.destination.counts.queued, 0);
  const unpaid = world.ledger.save().accounts;
  const sum = (name: string, pick: (point: ReceivedPoint) => number): number => {
    const points = [...world.stored.values()].filter((point) => point.name === name);
    const left = unpaid.filter(({ metric }) => metric === name).flatMap((account) => account.unpaid);
    const owed = name === "jobqueue.class.duration" ? left.slice(0, -1).reduce((a, b) => a + b, 0) : (left[0] ?? 0);
    return points.reduce((all, point) => all + pick(point), 0) + owed;
  };
  const value = (point: ReceivedPoint): number => point.value ?? 0;
  assert.equal(sum("jobqueue.job.processed", value), grown.jobs);
  assert.equal(sum("redis.uptime", value), grown.redis);
  assert.equal(
    sum("jobqueue.class.duration", (point) => point.histogram?.count ?? 0),
    grown.fast + grown.slow,
  );
}

test("produced = delivered + rejected + dropped + queued, whatever a receiver does", async () => {
  const script = fc.array(fc.constantFrom(...treatments, ...refusals), { maxLength: 60 });
  const mode = fc.constantFrom<("cumulative" | "delta")[]>("cumulative", "delta");
  await fc.assert(
    fc.asyncProperty(
      script,
      fc.array(step, { maxLength: 25 }),
      mode,
      fc.constantFrom(500, 2_000, 100_000),
      async (...run) => {
        const [answers, steps, temporality, maxBytes] = run;
        const world = scripted(answers, temporality, { maxBytes, maxRequestBytes: 600 });
        await play(steps, world);
        await world.destination.close(AbortSignal.timeout(20_000));
        world.check();
        assert.equal(world.destination.counts.queued, 0);
      },
    ),
    { numRuns: 150 },
  );
});

test("deltas delivered, and what is still owed, sum to the growth, whatever is dropped or refused", async () => {
  const definite = [...treatments, ...refusals.filter(({ stored }) => !stored)];
  const script = fc.array(fc.constantFrom(...definite), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      script,
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom(500, 2_000, 100_000),
      async (...run) => {
        const [answers, steps, maxBytes] = run;
        // A request of which nobody knows whether it was stored must not be refused afterwards: that answer would lie.
        const world = scripted(withoutLies(answers), "delta", { maxBytes, maxRequestBytes: 1_500 });
        await finish(world, await play(steps, world));
      },
    ),
    { numRuns: 150 },
  );
});

function withoutLies(script: readonly Treatment[]): Treatment[] {
  let ambiguous = false;
  return script.filter(({ label, stored }) => {
    if (ambiguous && ["400", "301", "413"].includes(label)) return false;
    if (label === "ok") ambiguous = false;
    else if (stored) ambiguous = true;
    return true;
  });
}

test("200 requests with 25 % refused and 25 % ambiguous: what is stored is the truth", async () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const names = ["ok", "ok", "503", "reset, lost", "slow, stored", "503", "ok", "ok"];
  const script = Array.from({ length: 400 }, () => {
    const name = names[Math.floor(random() * names.length)];
    return treatments.find(({ label }) => label === name) ?? assert.fail();
  });
  const world = scripted(script, "delta", { maxBytes: 1e6, maxRequestBytes: 1_500 });
  const steps = Array.from({ length: 120 }, () => ({
    offer: Array.from({ length: 5 }, () => Math.floor(random() * 50)),
  }));
  const grown = await play(steps, world);
  await finish(world, grown);
  const unpaid = world.ledger.save().accounts.flatMap((account) => account.unpaid);
  assert.ok(unpaid.every((amount) => amount < 1e-6));
  assert.equal(world.destination.counts.dropped + world.destination.counts.rejected, 0);
  assert.ok(grown.jobs > 2_000);
  assert.ok(world.requests() >= 200, `${world.requests()} requests`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { emptyResource } from "@opentelemetry/resources";
import { jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import type { Collection, PointAttributes } from "../../src/collect/family.ts";
import type { Answer } from "../../src/export/answer.ts";
import { Ledger } from "../../src/export/ledger.ts";
import { OtlpDestination } from "../../src/export/otlp-destination.ts";
import { OtlpEncoder } from "../../src/export/otlp.ts";
import { cumulativeKeeper, deltaKeeper } from "../../src/export/temporality.ts";
import { common, keptLog } from "../support/collections.ts";
import { decodeRequest } from "../support/otlp-proto.ts";
import { pointsOf, type ReceivedPoint } from "../support/otlp-points.ts";

const intervalMs = 15_000;
const ticksIn10Minutes = 40;
const queues: PointAttributes[] = Array.from({ length: 2_000 }, (_, index) => ({ ...common, queue: `queue-${index}` }));

/** 4,000 points: a gauge and a counter of 2,000 queues each. */
function tick(number: number, startMs: number): Collection {
  const timeMs = startMs + number * intervalMs;
  const gauges = queues.map((attributes, index) => ({ attributes, value: (index * number) % 97, startMs: undefined }));
  const counters = queues.map((attributes, index) => ({ attributes, value: number * (index % 5), startMs }));
  return {
    target: "shop",
    timeMs,
    families: [
      { metric: queueSize, points: gauges, ended: [] },
      { metric: jobProcessed, points: counters, ended: [] },
    ],
  };
}

for (const temporality of ["cumulative", "delta"] as const)
  test(`a collector that is away for 10 minutes costs no point (${temporality})`, async () => {
    const startMs = 1_700_000_000_000;
    let now = startMs;
    let away = true;
    const arrived: Buffer[] = [];
    const pauses: (() => void)[] = [];
    const { lines, log } = keptLog(() => now);
    let encoded = 0;
    const encoding = {
      resource: emptyResource(),
      temporality,
      ended: true,
      version: "1",
      protocol: "http/protobuf",
    } as const;
    const encoder = new OtlpEncoder(encoding);
    const encode = (collection: Collection): Promise<Buffer> => (encoded++, encoder.encode(collection));
    const destination = new OtlpDestination({
      name: "away",
      packing: {
        encoder: { encode },
        protocol: "http/protobuf",
        compression: "gzip",
        maxRequestBytes: 4e6,
      },
      limits: { maxBytes: 16 * 1024 ** 2, maxAgeMs: 600_000 },
      keeper: temporality === "delta" ? deltaKeeper(new Ledger(), true) : cumulativeKeeper(true),
      send: (body): Promise<Answer> => {
        if (away) return Promise.resolve({ kind: "failed", code: "EXPORT_UNREACHABLE", reason: "away", sent: false });
        arrived.push(body);
        return Promise.resolve({
          kind: "answered",
          status: 200,
          retryAfter: undefined,
          contentType: "",
          body: Buffer.alloc(0),
        });
      },
      save: () => Promise.resolve(),
      release: () => undefined,
      log,
      now: () => now,
      wait: () => new Promise((resolve) => pauses.push(resolve)),
    });
    for (let number = 0; number <= ticksIn10Minutes; number++) {
      now = startMs + number * intervalMs;
      destination.offer(tick(number, startMs));
      // As in life, an interval is long enough to build a request.
      const built = (): boolean => temporality === "delta" || encoded >= number;
      for (let turn = 0; turn < 10_000 && !built(); turn++) await new Promise((resolve) => setImmediate(resolve));
      pauses.shift()?.();
    }
    assert.deepEqual(destination.counts, { ...destination.counts, dropped: 0, delivered: 0, queued: 164_000 });
    away = false;
    const closed = destination.close(AbortSignal.timeout(60_000));
    for (const end of pauses) end();
    await closed;
    assert.deepEqual(destination.counts, { produced: 164_000, delivered: 164_000, rejected: 0, dropped: 0, queued: 0 });
    const points = arrived.flatMap((body) => pointsOf(decodeRequest(gunzipSync(body))).filter(isFourth));
    const times = points.map(({ timeMs }) => timeMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(points.length, 2 * (ticksIn10Minutes + 1));
    const counted = points.filter(({ kind }) => kind === "sum").map(({ value }) => value ?? 0);
    const total = temporality === "delta" ? counted.reduce((sum, value) => sum + value, 0) : counted.at(-1);
    assert.equal(total, 4 * ticksIn10Minutes);
    assert.ok(lines.every((line) => !line.includes("EXPORT_DROPPED")));
  });

function isFourth({ attributes }: ReceivedPoint): boolean {
  return attributes["queue"] === "queue-4";
}

test("what is offered at once does not wait for the receiver, or for the building of requests", () => {
  let asked = 0;
  const destination = new OtlpDestination({
    name: "slow",
    packing: {
      encoder: { encode: () => assert.fail("encoded while offering") },
      protocol: "http/protobuf",
      compression: "gzip",
      maxRequestBytes: 4e6,
    },
    limits: { maxBytes: 1e9, maxAgeMs: 600_000 },
    keeper: cumulativeKeeper(true),
    send: () => (asked++, new Promise<never>(() => undefined)),
    save: () => Promise.resolve(),
    release: () => undefined,
    log: keptLog().log,
    now: () => 0,
  });
  for (let number = 0; number < 10; number++) destination.offer(tick(number, 0));
  assert.equal(asked, 0);
  assert.equal(destination.counts.queued, 40_000);
});

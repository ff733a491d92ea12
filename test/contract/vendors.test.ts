import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes, type HistogramValue, type Metric } from "../../src/catalogue/metric.ts";
import type { Collection, Family, PointAttributes } from "../../src/collect/family.ts";
import { configSchema } from "../../src/config/schema.ts";
import { createDestinations } from "../../src/export/create.ts";
import { regionsOf } from "../../src/config/regions.ts";
import { metricsUrl, vendors } from "../../src/export/vendors.ts";
import { exportedName } from "../../src/self/printable.ts";
import { keptLog } from "../support/collections.ts";
import type { ReceivedPoint, ReceivedRequest } from "../support/otlp-receiver.ts";
import { contracts, type VendorContract } from "../support/vendor-contracts.ts";
import { judge, seriesOf, startVendorReceiver, type VendorReceiver } from "../support/vendor-receiver.ts";

// Every preset's requests, made by the real exporter, before a receiver that enforces what the vendor documents.

const t0 = 1_760_000_000_000;
const tick = 15_000;
const presets = Object.keys(vendors) as (keyof typeof vendors)[];
const many = 1_200;

/** Names as somebody who means harm would choose them, cut and cleaned as the agent does it. */
const longest = exportedName("ü".repeat(300));
const names = (kind: string): string[] => [
  ...Array.from({ length: many - 3 }, (_, index) => `${kind}-${index}-of-the-shop`),
  longest,
  exportedName(""),
  exportedName("a\u0000b: {c}"),
];
const open: Partial<Record<string, readonly string[]>> = {
  queue: names("queue"),
  "job.class": names("Class"),
  "host.name": names("host").slice(-9),
  "error.type": [longest],
};

/** Every metric of the catalogue; thousands of series for what people name. `turn` counts the reads. */
function world(turn: number, ended: number): Collection {
  const families = catalogue
    .filter(({ scope }) => scope === "target")
    .map((metric): Family => {
      const all = seriesOfMetric(metric);
      const gone = metric.name === "jobqueue.queue.size" && turn > 0 ? all.slice(0, ended) : [];
      const points = all.slice(gone.length).map((attributes, index) => ({
        attributes,
        value: valueOf(metric, turn, index),
        startMs: startOf(metric),
      }));
      return { metric, points, ended: gone };
    });
  return { target: "shop", timeMs: t0 + turn * tick, families };
}

const made = new Map<Metric, PointAttributes[]>();

/** The same objects in every read, as the agent has them. */
function seriesOfMetric(metric: Metric): PointAttributes[] {
  let all = made.get(metric);
  if (all) return all;
  const own = metric.attributes.find((attribute) => (open[attribute]?.length ?? 0) > 1);
  const fixed = [...commonAttributes[metric.scope], ...metric.attributes].map((attribute) => [
    attribute,
    open[attribute]?.at(-1) ?? "some",
  ]);
  const values = own === undefined ? [undefined] : (open[own] ?? []);
  all = values.map((value) => Object.fromEntries([...fixed, ...(own === undefined ? [] : [[own, value]])]));
  made.set(metric, all);
  return all;
}

/** Counts of ours began a moment ago; of totals that Redis keeps nobody knows when. */
function startOf({ kind, startsAtZero }: Metric): number | undefined {
  return kind === "gauge" || !startsAtZero ? undefined : t0 - 1;
}

function valueOf(metric: Metric, turn: number, index: number): number | HistogramValue {
  const value = (turn + 1) * (index + 1);
  if (metric.kind !== "histogram") return value;
  return { counts: [...metric.bounds.map(() => turn + 1), value], sum: value * 1.5 };
}

interface Sent {
  readonly receiver: VendorReceiver;
  readonly counts: { produced: number; delivered: number; rejected: number; dropped: number; queued: number };
  readonly lines: readonly string[];
}

/** Offers collections to a preset's destination before a receiver of its contract, until all is settled. */
async function send(
  preset: keyof typeof vendors,
  collections: readonly Collection[],
  settings: object = {},
): Promise<Sent> {
  const contract = contracts[preset];
  const receiver = await startVendorReceiver(contract);
  const otlp = [{ preset, endpoint: receiver.url, ...contract.settings, ...settings }];
  const config = configSchema.parse({ targets: [{ name: "shop", redis: "redis://127.0.0.1" }], export: { otlp } });
  const { log, lines } = keptLog();
  const [destination] = createDestinations(config, {}, { log, version: "1", now: () => t0 });
  assert.ok(destination);
  for (const collection of collections) destination.offer(collection);
  await destination.close(AbortSignal.timeout(60_000));
  await receiver.close();
  return { receiver, counts: { ...destination.counts }, lines };
}

const gone = {} as Sent;
const readings = (contract: VendorContract): number => (contract.ended ? 3 : 0);
const values = (point: ReceivedPoint): unknown => point.histogram ?? point.value;

/** What has to arrive, by series and time. */
function expected(contract: VendorContract, turns: number): Map<string, unknown> {
  const delta = contract.temporalities.includes("delta");
  return new Map(
    Array.from({ length: turns }, (_, turn) => world(turn, 3)).flatMap(({ families, timeMs }, turn) =>
      families.flatMap(({ ended, metric, points }) => [
        ...points.map(({ attributes, value }, index) => {
          const place = seriesOfMetric(metric).length - points.length + index;
          const known = turn > 0 || startOf(metric) === undefined;
          const earlier = delta && metric.kind !== "gauge" && known ? valueOf(metric, Math.max(0, turn - 1), place) : 0;
          return [keyOf(metric.name, attributes, timeMs), difference(metric, value, earlier)] as const;
        }),
        ...(contract.ended ? ended : []).map(
          (attributes) => [keyOf(metric.name, attributes, timeMs), undefined] as const,
        ),
      ]),
    ),
  );
}

function keyOf(name: string, attributes: PointAttributes, timeMs: number): string {
  return `${seriesOf({ name, attributes } as ReceivedPoint)}@${timeMs}`;
}

function difference(metric: Metric, now: number | HistogramValue, past: number | HistogramValue): unknown {
  if (typeof now === "number") return now - (typeof past === "number" ? past : 0);
  const earlier = typeof past === "number" ? { counts: now.counts.map(() => 0), sum: 0 } : past;
  const counts = now.counts.map((count, index) => count - (earlier.counts[index] ?? 0));
  const count = counts.reduce((total, one) => total + one, 0);
  return { counts, bounds: [...metric.bounds], sum: now.sum - earlier.sum, count };
}

test("every preset has a contract, and its own address is the vendor's", () => {
  assert.deepEqual(Object.keys(contracts).toSorted(), presets.toSorted());
  for (const preset of presets) {
    const vendor = vendors[preset];
    const config = { preset, ...contracts[preset].settings } as never;
    if (regionsOf(preset).length === 0) continue;
    const url = metricsUrl(config, vendor);
    assert.equal(url.protocol, "https:");
    assert.equal(url.pathname, contracts[preset].path);
  }
});

for (const preset of presets)
  suite(preset, () => {
    const contract = contracts[preset];
    let sent: Sent;
    before(async () => {
      sent = await send(preset, [world(0, 3), world(1, 3)]);
    });
    // Six worlds at once would be a lot of memory.
    after(() => (sent = gone));
    const first = (): ReceivedRequest => sent.receiver.requests[0] ?? assert.fail("nothing was sent");

    test("every request is taken, without a warning", () => {
      assert.deepEqual(
        sent.receiver.judgements.filter(({ problems }) => problems.length > 0),
        [],
      );
      assert.deepEqual(sent.lines, []);
      assert.equal(sent.counts.delivered, sent.counts.produced);
    });

    test("requests are split below the limit, and the limit is made use of", () => {
      const bytes = sent.receiver.requests.map(({ body }) => body.length);
      const whole = bytes.reduce((sum, one) => sum + one, 0);
      const limit = Math.min(contract.maxBytes(true), 4 * 1024 ** 2);
      assert.ok(Math.max(...bytes) <= limit);
      assert.ok(bytes.length > 2, "the world is too small to be split");
      assert.ok(bytes.length <= Math.ceil(whole / limit) * 4, `${bytes.length} requests for ${whole} bytes`);
    });

    test("all requests together are the whole world, no point of it twice", () => {
      const received = new Map(
        sent.receiver.points().map((point) => [`${seriesOf(point)}@${point.timeMs}`, values(point)]),
      );
      assert.equal(received.size, sent.receiver.points().length);
      const wanted = expected(contract, 2);
      // Not deepEqual: its message would be thousands of lines long.
      assert.equal(received.size, wanted.size);
      for (const [key, value] of wanted) {
        assert.ok(received.has(key), key);
        const got = received.get(key);
        if (typeof value === "number") assert.equal(got, value, key);
        else assert.deepEqual(got, value, key);
      }
    });

    test("a series that ends is told only where that is understood", () => {
      const ended = sent.receiver.points().filter(({ noRecordedValue }) => noRecordedValue);
      assert.equal(ended.length, readings(contract));
    });

    test("what is no number stays at home", async () => {
      const metric = catalogue.find(({ name }) => name === "jobqueue.queue.size") ?? assert.fail("no such metric");
      const points = [1, Number.NaN].map((value, index) => ({
        attributes: seriesOfMetric(metric)[index] ?? {},
        value,
        startMs: undefined,
      }));
      const { counts, receiver } = await send(preset, [
        { target: "shop", timeMs: t0, families: [{ metric, points, ended: [] }] },
      ]);
      assert.deepEqual(counts, { produced: 2, delivered: 1, rejected: 0, dropped: 1, queued: 0 });
      assert.deepEqual(receiver.judgements, [{ status: 200, problems: [] }]);
    });

    suite("the receiver refuses what the vendor refuses", () => {
      const judged = (change: Partial<ReceivedRequest>, seen = new Map<string, number>()) =>
        judge(contract, { ...first(), ...change }, seen);

      test("nothing of a request that is right", () => assert.deepEqual(judged({}), { status: 200, problems: [] }));

      test("another path", () => assert.equal(judged({ path: "/v2/metrics" }).status, 404));

      // Some have none of their own.
      if (!contract.authorized({}))
        test("a missing key", () => {
          const { "content-type": type, "content-encoding": encoding } = first().headers;
          const headers = { "content-type": type, "content-encoding": encoding };
          assert.equal(judged({ headers }).status, contract.unauthorized);
        });

      test("an encoding that it does not know", () =>
        assert.equal(judged({ headers: { ...first().headers, "content-type": "text/plain" } }).status, 400));

      test("a body that is too large", () => {
        const limit = contract.maxBytes(true);
        assert.equal(judged({ body: Buffer.alloc(limit) }).status, 200);
        assert.equal(judged({ body: Buffer.alloc(limit + 1) }).status, 413);
      });

      test("the same request again, and an older one where order matters", () => {
        const seen = new Map<string, number>();
        assert.deepEqual(judged({}, seen).problems, []);
        assert.ok(judged({}, seen).problems.every((problem) => problem.endsWith("there already")));
        const older = first().points.map((point) => ({ ...point, timeMs: point.timeMs - 60_000, startMs: undefined }));
        const gauges = older.filter(({ kind }) => kind === "gauge");
        assert.equal(judged({ points: gauges }, seen).problems.length > 0, contract.ordered);
      });

      const broken: readonly (readonly [string, (point: ReceivedPoint) => ReceivedPoint])[] = [
        ["an empty name", (point) => ({ ...point, name: "" })],
        ["an empty value", (point) => ({ ...point, attributes: { ...point.attributes, queue: "" } })],
        ["no number", (point) => ({ ...point, value: Number.NaN, histogram: undefined })],
        ["no time", (point) => ({ ...point, timeMs: 0 })],
        [
          "a gauge with a start",
          (point) => ({ ...point, kind: "gauge", temporality: undefined, value: 1, startMs: 1 }),
        ],
        [
          "a count below nothing",
          (point) => ({
            ...point,
            kind: "sum",
            temporality: contract.temporalities[0],
            monotonic: true,
            value: -1,
            startMs: 1,
          }),
        ],
      ];
      for (const [title, change] of broken)
        test(title, () => {
          const { problems, status } = judged({ points: first().points.slice(0, 1).map(change) });
          assert.ok(problems.length > 0);
          assert.equal(status, contract.looksLater ? 200 : 400);
        });

      const { longest: allowed } = contract;
      if (allowed !== undefined)
        test("a value that is too long", () => {
          const problems = (length: number): readonly string[] =>
            judged({
              points: first()
                .points.slice(0, 1)
                .map((point) => ({ ...point, attributes: { queue: "q".repeat(length) } })),
            }).problems;
          assert.deepEqual(problems(allowed), []);
          assert.equal(problems(allowed + 1).length, 1);
        });

      test("an end that it does not understand", () => {
        const points = first()
          .points.slice(0, 1)
          .map((point) => ({ ...point, value: undefined, noRecordedValue: true }));
        assert.equal(judged({ points }).problems.length === 0, contract.ended);
      });

      test("the other temporality, sent by the real exporter", async () => {
        const temporality = vendors[preset].temporality === "delta" ? "cumulative" : "delta";
        const { counts, receiver } = await send(preset, [small], { temporality });
        const taken = contract.temporalities.includes(temporality);
        assert.deepEqual(
          receiver.judgements.map(({ status }) => status),
          [taken ? 200 : contract.wrongTemporality],
        );
        assert.equal(counts.delivered, taken ? counts.produced : 0);
        assert.equal(counts.rejected, taken ? 0 : counts.produced);
      });
    });
  });

const small: Collection = {
  target: "shop",
  timeMs: t0,
  families: catalogue
    .filter(({ scope }) => scope === "target")
    .map((metric) => ({
      metric,
      points: seriesOfMetric(metric)
        .slice(0, 2)
        .map((attributes, index) => ({
          attributes,
          value: valueOf(metric, 0, index),
          startMs: startOf(metric),
        })),
      ended: [],
    })),
};

suite("other ways to send", () => {
  test("without compression Datadog takes a tenth", async () => {
    const { counts, receiver } = await send("datadog", [world(0, 0)], { compression: "none" });
    assert.ok(receiver.requests.every(({ wire }) => wire.length <= 500_000));
    assert.ok(receiver.requests.length > 10);
    assert.equal(counts.delivered, counts.produced);
  });

  for (const preset of presets)
    test(`JSON to ${preset}`, async () => {
      const { counts } = await send(preset, [small], { protocol: "http/json" });
      const taken = contracts[preset].contentTypes.includes("application/json");
      assert.equal(taken ? counts.delivered : counts.rejected, counts.produced);
    });

  test("a limit that is set too high is found, and all arrives", async () => {
    const { counts, receiver } = await send("newrelic", [world(0, 0)], { max_request_bytes: "64MiB" });
    assert.equal(receiver.judgements[0]?.status, 413);
    assert.equal(counts.delivered, counts.produced);
    const taken = receiver.requests.filter((_, index) => receiver.judgements[index]?.status === 200);
    for (const { wire } of taken) assert.ok(gunzipSync(wire).length <= 1_000_000);
  });
});

after(() => made.clear());

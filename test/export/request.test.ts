import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyResource } from "@opentelemetry/resources";
import fc from "fast-check";
import { OtlpEncoder } from "../../src/export/otlp.ts";
import { joinRequests, type Protocol, splitRequest, withoutValues } from "../../src/export/request.ts";
import { collection, count, durations, sizes, total } from "../support/collections.ts";
import { decodeRequest } from "../support/otlp-proto.ts";
import { pointsOf, type ReceivedPoint } from "../support/otlp-points.ts";

const protocols = ["http/protobuf", "http/json"] as const;

function encoder(protocol: Protocol, ended = true): OtlpEncoder {
  return new OtlpEncoder({ resource: emptyResource(), protocol, temporality: "cumulative", ended, version: "1" });
}
function decode(body: Buffer, protocol: Protocol): ReceivedPoint[] {
  return pointsOf(protocol === "http/json" ? JSON.parse(body.toString()) : decodeRequest(body));
}
const some = (queues: number) =>
  collection(
    9_000,
    sizes(Array.from({ length: queues }, (_, index) => index)),
    total(5),
    count(4, 1),
    durations(2, 3, 7),
  );

for (const protocol of protocols) {
  test(`a request cut anywhere holds the same points in the same order (${protocol})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.nat(9), async (queues, cut) => {
        const body = await encoder(protocol).encode(some(queues));
        const whole = decode(body, protocol);
        const [before, after] = splitRequest(body, protocol, Math.min(cut, whole.length));
        const parts = [before, after].map((part) => (part.length > 0 ? decode(part, protocol) : []));
        assert.equal(parts[0]?.length, Math.min(cut, whole.length));
        assert.deepEqual(parts.flat(), whole);
        assert.deepEqual(decode(joinRequests(before, after, protocol), protocol), whole);
      }),
      { numRuns: 40 },
    );
  });

  test(`points of ended series have no value, but all else (${protocol})`, async () => {
    const body = await encoder(protocol).encode(some(2));
    const whole = decode(body, protocol);
    const ended = decode(withoutValues(body, protocol), protocol);
    const expected = whole.map((point) => ({
      ...point,
      value: undefined,
      histogram: undefined,
      noRecordedValue: true,
    }));
    assert.deepEqual(ended, expected);
  });
}

test("both encodings say the same", async () => {
  const points = await Promise.all(
    protocols.map(async (protocol) => {
      const mixed = { ...some(3), families: [...some(3).families, sizes([], ["gone", "gone too"])] };
      return decode(await encoder(protocol).encode(mixed), protocol);
    }),
  );
  assert.deepEqual(points[0], points[1]);
  assert.equal(points[0]?.filter(({ noRecordedValue }) => noRecordedValue).length, 2);
});

test("where ended series are not understood, they are not told", async () => {
  const body = await encoder("http/protobuf", false).encode(collection(1, sizes([1], ["gone"])));
  assert.equal(decode(body, "http/protobuf").length, 1);
});

test("bytes that are no request are an error, not a loop", () => {
  for (const bytes of ["\u0001", "\u000a\u00ff", "\u000b", "\u0080".repeat(12), "\u000a\u0005abc"])
    assert.throws(() => splitRequest(Buffer.from(bytes, "latin1"), "http/protobuf", 1), /protobuf|wire type/);
});

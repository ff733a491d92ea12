import assert from "node:assert/strict";
import { test } from "node:test";
import { ValueType } from "@opentelemetry/api";
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { startOtlpReceiver } from "./otlp-receiver.ts";

const times = { startTime: [1_700_000_000, 5e6], endTime: [1_700_000_060, 250e6] } as const;
const base = {
  startTime: [...times.startTime],
  endTime: [...times.endTime],
  attributes: { queue: "a\u2028é", n: "1" },
};
const descriptor = (name: string, unit = "s") => ({ name, unit, description: `${name}.`, valueType: ValueType.DOUBLE });
const metrics = [
  {
    descriptor: descriptor("g"),
    dataPointType: DataPointType.GAUGE,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: [
      { ...base, value: 1.5 },
      { ...base, value: 0 },
    ],
  },
  {
    descriptor: descriptor("c", "{job}"),
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    aggregationTemporality: AggregationTemporality.DELTA,
    dataPoints: [{ ...base, value: 2 ** 52 }],
  },
  {
    descriptor: descriptor("h"),
    dataPointType: DataPointType.HISTOGRAM,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: [
      { ...base, value: { buckets: { boundaries: [0.5, 10], counts: [1, 0, 70_000] }, count: 70_001, sum: 3.25 } },
    ],
  },
] as unknown as MetricData[];
const request: ResourceMetrics = {
  resource: resourceFromAttributes({ "service.name": "queuewatch" }),
  scopeMetrics: [{ scope: { name: "queuewatch", version: "1" }, metrics }],
};

test("the receiver understands protobuf and JSON of the official serializers alike", async () => {
  const receiver = await startOtlpReceiver();
  for (const [type, serializer] of [
    ["application/x-protobuf", ProtobufMetricsSerializer],
    ["application/json", JsonMetricsSerializer],
  ] as const) {
    const body = Buffer.from(serializer.serializeRequest(request) ?? []);
    const response = await fetch(`${receiver.url}/v1/metrics`, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    assert.equal(response.status, 200);
  }
  const [first, second] = receiver.requests.map(({ points }) => points);
  assert.ok(first);
  assert.deepEqual(first, second);
  assert.equal(first.length, 4);
  assert.deepEqual(first[2], {
    name: "c",
    unit: "{job}",
    description: "c.",
    kind: "sum",
    temporality: "delta",
    monotonic: true,
    attributes: { queue: "a\u2028é", n: "1" },
    resource: { "service.name": "queuewatch" },
    value: 2 ** 52,
    histogram: undefined,
    startMs: 1_700_000_000_005,
    timeMs: 1_700_000_060_250,
    noRecordedValue: false,
  });
  assert.deepEqual(first[3]?.histogram, { counts: [1, 0, 70_000], bounds: [0.5, 10], sum: 3.25, count: 70_001 });
  await receiver.close();
});

test("the receiver refuses what is not OTLP", async () => {
  const receiver = await startOtlpReceiver();
  const headers = { "content-type": "application/x-protobuf" };
  const response = await fetch(`${receiver.url}/v1/metrics`, { method: "POST", body: "hello", headers });
  assert.equal(response.status, 400);
  assert.equal(receiver.requests.length, 0);
  await receiver.close();
});

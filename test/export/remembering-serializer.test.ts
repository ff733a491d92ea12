import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { classDuration, jobProcessed, queueLatency, queueSize } from "../../src/catalogue/jobqueue.ts";
import type { Family, PointAttributes } from "../../src/collect/family.ts";
import { type Temporality, toMetricData } from "../../src/export/metric-data.ts";
import { RememberingSerializer } from "../../src/export/remembering-serializer.ts";

const series: readonly PointAttributes[] = ["", "a", "ü🙂", "n".repeat(200), "m".repeat(20_000)].map((queue) =>
  Object.freeze({ system: "sidekiq", target: "shop", queue }),
);

const anyPoints = fc.array(
  fc.record({
    attributes: fc.constantFrom(...series),
    value: fc.double({ noNaN: true }),
    startMs: fc.option(fc.integer({ min: 0, max: 2_000_000_000_000 }), { nil: undefined }),
  }),
  { maxLength: 8 },
);
const anyFamily: fc.Arbitrary<Family> = fc.oneof(
  fc.record({
    metric: fc.constantFrom(queueSize, queueLatency, jobProcessed),
    points: anyPoints,
    ended: fc.constant([]),
  }),
  anyPoints.map((points) => ({
    metric: classDuration,
    points: points.map((point) => ({ ...point, value: { counts: classDuration.bounds.map((_, n) => n), sum: 1.5 } })),
    ended: [],
  })),
);

function request(families: readonly Family[], timeMs: number, temporality: Temporality): ResourceMetrics {
  const metrics = families.map((family) => toMetricData(family, timeMs, temporality));
  return {
    resource: resourceFromAttributes({ "service.name": "queuewatch" }),
    scopeMetrics: metrics.length > 0 ? [{ scope: { name: "queuewatch", version: "1" }, metrics }] : [],
  };
}

test("its bytes are those of OpenTelemetry's serializer, tick after tick", () => {
  const anyTick = fc.tuple(
    fc.array(anyFamily, { maxLength: 6 }),
    fc.integer({ min: 1, max: 2_000_000_000_000 }),
    fc.constantFrom("cumulative" as const, "delta" as const),
  );
  fc.assert(
    fc.property(fc.array(anyTick, { minLength: 1, maxLength: 5 }), (ticks) => {
      const remembering = new RememberingSerializer();
      for (const [families, timeMs, temporality] of ticks) {
        const made = request(families, timeMs, temporality);
        const official = ProtobufMetricsSerializer.serializeRequest(made);
        assert.deepEqual(remembering.serializeRequest(made), Buffer.from(official ?? []));
      }
    }),
  );
});

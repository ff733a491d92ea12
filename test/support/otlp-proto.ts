import protobuf from "protobufjs";

/**
 * The part of OTLP's metrics messages that a metrics agent can send, by field number (opentelemetry-proto 1.x:
 * collector/metrics/v1/metrics_service.proto, metrics/v1/metrics.proto, common/v1/common.proto).
 */
const repeated = (type: string, id: number) => ({ rule: "repeated", type, id });
const point = {
  startTimeUnixNano: { type: "fixed64", id: 2 },
  timeUnixNano: { type: "fixed64", id: 3 },
};

const root = protobuf.Root.fromJSON({
  nested: {
    ExportMetricsServiceRequest: { fields: { resourceMetrics: repeated("ResourceMetrics", 1) } },
    ExportMetricsServiceResponse: { fields: { partialSuccess: { type: "PartialSuccess", id: 1 } } },
    PartialSuccess: {
      fields: { rejectedDataPoints: { type: "int64", id: 1 }, errorMessage: { type: "string", id: 2 } },
    },
    ResourceMetrics: {
      fields: {
        resource: { type: "Resource", id: 1 },
        scopeMetrics: repeated("ScopeMetrics", 2),
        schemaUrl: { type: "string", id: 3 },
      },
    },
    Resource: { fields: { attributes: repeated("KeyValue", 1) } },
    ScopeMetrics: {
      fields: { scope: { type: "Scope", id: 1 }, metrics: repeated("Metric", 2), schemaUrl: { type: "string", id: 3 } },
    },
    Scope: { fields: { name: { type: "string", id: 1 }, version: { type: "string", id: 2 } } },
    KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
    AnyValue: {
      oneofs: { value: { oneof: ["stringValue", "boolValue", "intValue", "doubleValue"] } },
      fields: {
        stringValue: { type: "string", id: 1 },
        boolValue: { type: "bool", id: 2 },
        intValue: { type: "int64", id: 3 },
        doubleValue: { type: "double", id: 4 },
      },
    },
    Metric: {
      oneofs: { data: { oneof: ["gauge", "sum", "histogram"] } },
      fields: {
        name: { type: "string", id: 1 },
        description: { type: "string", id: 2 },
        unit: { type: "string", id: 3 },
        gauge: { type: "Gauge", id: 5 },
        sum: { type: "Sum", id: 7 },
        histogram: { type: "Histogram", id: 9 },
      },
    },
    Gauge: { fields: { dataPoints: repeated("NumberDataPoint", 1) } },
    Sum: {
      fields: {
        dataPoints: repeated("NumberDataPoint", 1),
        aggregationTemporality: { type: "int32", id: 2 },
        isMonotonic: { type: "bool", id: 3 },
      },
    },
    Histogram: {
      fields: {
        dataPoints: repeated("HistogramDataPoint", 1),
        aggregationTemporality: { type: "int32", id: 2 },
      },
    },
    NumberDataPoint: {
      oneofs: { value: { oneof: ["asDouble", "asInt"] } },
      fields: {
        ...point,
        attributes: repeated("KeyValue", 7),
        asDouble: { type: "double", id: 4 },
        asInt: { type: "sfixed64", id: 6 },
        flags: { type: "uint32", id: 8 },
      },
    },
    HistogramDataPoint: {
      fields: {
        ...point,
        attributes: repeated("KeyValue", 9),
        count: { type: "fixed64", id: 4 },
        sum: { type: "double", id: 5, options: { proto3_optional: true } },
        bucketCounts: repeated("fixed64", 6),
        explicitBounds: repeated("double", 7),
        flags: { type: "uint32", id: 10 },
      },
    },
  },
});

const requestType = root.lookupType("ExportMetricsServiceRequest");
const responseType = root.lookupType("ExportMetricsServiceResponse");

/** The request as OTLP/JSON would show it: 64-bit numbers are strings. Throws where the bytes are not one. */
export function decodeRequest(bytes: Uint8Array): unknown {
  return requestType.toObject(requestType.decode(bytes), { longs: String, enums: Number });
}

/** A response body; without rejected points it is the empty message. */
export function encodeResponse(partialSuccess?: { rejectedDataPoints: number; errorMessage?: string }): Buffer {
  const message = partialSuccess ? { partialSuccess } : {};
  return Buffer.from(responseType.encode(responseType.fromObject(message)).finish());
}

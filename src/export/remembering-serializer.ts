import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import {
  type IExportMetricsServiceResponse,
  type ISerializer,
  ProtobufMetricsSerializer,
} from "@opentelemetry/otlp-transformer";
import {
  DataPointType,
  type GaugeMetricData,
  type MetricData,
  type ResourceMetrics,
  type SumMetricData,
} from "@opentelemetry/sdk-metrics";
import { delimitedHead, fieldsOf, rewriteAt } from "./wire.ts";

type DoubleMetric = GaugeMetricData | SumMetricData;

/** From the request down to a metric's points: resource_metrics, scope_metrics, metrics, gauge | sum | histogram, data_points. */
const pathToData = [[1], [2], [2], [5, 7, 9]] as const;
const pathToPoints = [...pathToData, [1]] as const;
const pointsField = 1;
const attributesField = 7;
/** A number point's start, time and double: fields 2, 3 and 4, of a tag and 8 bytes each. */
const numberTags = [0x11, 0x19, 0x21];
const numbersLength = 27;

/** A point's message with its head, to be filled with times and value. */
interface Blank {
  readonly bytes: Buffer;
  readonly headLength: number;
}

/**
 * OpenTelemetry's own OTLP/protobuf serializer, which is asked for a series' attributes only once: series keep their
 * attributes' object, and writing attributes is most of what a request costs. What is written here are times and doubles
 * of number points. Numbers of fields: opentelemetry-proto 1.x, metrics/v1/metrics.proto.
 */
export class RememberingSerializer implements ISerializer<ResourceMetrics, IExportMetricsServiceResponse> {
  readonly #blanks = new WeakMap<Attributes, Blank>();

  serializeRequest(request: ResourceMetrics): Buffer {
    const metrics = request.scopeMetrics.flatMap((scope) => scope.metrics);
    const frames = serialize(request, (metric) => (isDouble(metric) ? { ...metric, dataPoints: [] } : metric));
    let next = 0;
    const filled = rewriteAt(frames, pathToData, (data) => {
      const metric = metrics[next++];
      return metric && isDouble(metric) ? Buffer.concat([this.#points(request, metric), data]) : data;
    });
    return filled ?? frames;
  }

  deserializeResponse(data: Uint8Array): IExportMetricsServiceResponse {
    return ProtobufMetricsSerializer.deserializeResponse(data);
  }

  #points(request: ResourceMetrics, metric: DoubleMetric): Buffer {
    this.#learn(request, metric);
    const blanks = metric.dataPoints.flatMap(({ attributes }) => this.#blanks.get(attributes) ?? []);
    const points = Buffer.allocUnsafe(blanks.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const view = new DataView(points.buffer, points.byteOffset, points.byteLength);
    const [start, time] = [new Nanoseconds(), new Nanoseconds()];
    let at = 0;
    for (const [index, { startTime, endTime, value }] of metric.dataPoints.entries()) {
      const blank = blanks[index];
      if (!blank) break;
      points.set(blank.bytes, at);
      const numbers = at + blank.headLength;
      view.setBigUint64(numbers + 1, start.of(startTime), true);
      view.setBigUint64(numbers + 10, time.of(endTime), true);
      view.setFloat64(numbers + 19, value, true);
      at += blank.bytes.length;
    }
    return points;
  }

  /** Has the points of new series written, and keeps them as blanks. */
  #learn(request: ResourceMetrics, metric: DoubleMetric): void {
    const fresh = metric.dataPoints.filter(({ attributes }) => !this.#blanks.has(attributes));
    if (fresh.length === 0) return;
    let next = 0;
    const written = serialize(request, (one) => (one === metric ? { ...metric, dataPoints: fresh } : undefined));
    rewriteAt(written, pathToPoints, (content) => {
      const series = fresh[next++]?.attributes;
      if (series) this.#blanks.set(series, blankOf(content));
      return undefined;
    });
  }
}

function blankOf(point: Buffer): Blank {
  const attributes = [...fieldsOf(point)].flatMap(({ number, raw }) => (number === attributesField ? [raw] : []));
  const length = attributes.reduce((sum, raw) => sum + raw.length, numbersLength);
  const head = delimitedHead(pointsField, length);
  const numbers = Buffer.from(numberTags.flatMap((tag) => [tag, 0, 0, 0, 0, 0, 0, 0, 0]));
  return { bytes: Buffer.concat([head, numbers, ...attributes]), headLength: head.length };
}

/** Most points of a request have the same times: each is worked out once in a row. */
class Nanoseconds {
  #seconds = 0;
  #nanos = 0;
  #value = 0n;

  of([seconds, nanos]: HrTime): bigint {
    if (seconds !== this.#seconds || nanos !== this.#nanos) {
      this.#value = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
      this.#seconds = seconds;
      this.#nanos = nanos;
    }
    return this.#value;
  }
}

/** The request with what became of its metrics; undefined leaves one out. */
function serialize(request: ResourceMetrics, map: (metric: MetricData) => MetricData | undefined): Buffer {
  const scopeMetrics = request.scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.flatMap((metric) => map(metric) ?? []),
  }));
  const bytes = ProtobufMetricsSerializer.serializeRequest({ ...request, scopeMetrics });
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.alloc(0);
}

function isDouble(metric: MetricData): metric is DoubleMetric {
  const isNumber = metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
  return isNumber && metric.descriptor.valueType === ValueType.DOUBLE;
}

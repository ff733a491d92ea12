import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import {
  type IExportMetricsServiceResponse,
  type ISerializer,
  ProtobufMetricsSerializer,
} from "@opentelemetry/otlp-transformer";
import {
  type AggregationTemporality,
  DataPointType,
  type GaugeMetricData,
  type MetricData,
  type MetricDescriptor,
  type ResourceMetrics,
  type SumMetricData,
} from "@opentelemetry/sdk-metrics";
import { delimitedHead, fieldsOf, rewriteAt, type WireField } from "./wire.ts";

type DoubleMetric = GaugeMetricData | SumMetricData;

/** From the request down to a scope, a metric and its points: resource_metrics, scope_metrics, metrics, gauge | sum, data_points. */
const pathToScope = [[1], [2]] as const;
const metricsField = 2;
const dataFields = new Set([5, 7]);
const pointsField = 1;
const pathToMetric = [...pathToScope, [metricsField]];
const pathToPoints = [...pathToMetric, [...dataFields], [pointsField]];
const attributesField = 7;
/** A number point's start, time and double: fields 2, 3 and 4, of a tag and 8 bytes each. */
const numberTags = [0x11, 0x19, 0x21];
const numbersLength = 27;

/** A point's message with its head, to be filled with times and value. */
interface Blank {
  readonly bytes: Buffer;
  readonly headLength: number;
}

const noBlank: Blank = { bytes: Buffer.alloc(0), headLength: 0 };

/** A metric without its points. */
interface Shell {
  readonly temporality: AggregationTemporality;
  /** Fields before the data: name, description, unit. */
  readonly before: Buffer;
  /** Which kind of data it is: gauge or sum. */
  readonly dataField: number;
  /** What the data says after its points. */
  readonly settings: Buffer;
}

/**
 * OpenTelemetry's own OTLP/protobuf serializer, which is asked for what stays the same only once: series keep their
 * attributes' object, metrics their descriptor, and writing those is most of what a request costs. What is written here are
 * times and doubles of number points, and the lengths around them. Numbers of fields: opentelemetry-proto 1.x,
 * metrics/v1/metrics.proto.
 */
export class RememberingSerializer implements ISerializer<ResourceMetrics, IExportMetricsServiceResponse> {
  readonly #blanks = new WeakMap<Attributes, Blank>();
  readonly #shells = new WeakMap<MetricDescriptor, Shell>();

  serializeRequest(request: ResourceMetrics): Buffer {
    const scopes = request.scopeMetrics.values();
    const others = serialize(request, (metric) => (isDouble(metric) ? undefined : metric));
    const filled = rewriteAt(others, pathToScope, (scope) =>
      Buffer.concat(this.#scope(scope, request, scopes.next().value?.metrics ?? [])),
    );
    return filled ?? others;
  }

  deserializeResponse(data: Uint8Array): IExportMetricsServiceResponse {
    return ProtobufMetricsSerializer.deserializeResponse(data);
  }

  /** A scope's fields with all its metrics in their order; `scope` holds those that are not written here. */
  #scope(scope: Buffer, request: ResourceMetrics, metrics: readonly MetricData[]): Buffer[] {
    const fields = [...fieldsOf(scope)];
    const others = fields.filter(({ number }) => number === metricsField).values();
    return [
      ...fields.filter(({ number }) => number < metricsField).map(({ raw }) => raw),
      ...metrics.flatMap((metric) =>
        isDouble(metric) ? this.#metric(request, metric) : (others.next().value?.raw ?? []),
      ),
      ...fields.filter(({ number }) => number > metricsField).map(({ raw }) => raw),
    ];
  }

  #metric(request: ResourceMetrics, metric: DoubleMetric): Buffer[] {
    const { before, dataField, settings } = this.#shell(request, metric);
    const points = this.#points(request, metric);
    const dataLength = points.length + settings.length;
    const dataHead = delimitedHead(dataField, dataLength);
    const head = delimitedHead(metricsField, before.length + dataHead.length + dataLength);
    return [head, before, dataHead, points, settings];
  }

  #shell(request: ResourceMetrics, metric: DoubleMetric): Shell {
    const known = this.#shells.get(metric.descriptor);
    if (known?.temporality === metric.aggregationTemporality) return known;
    const empty = serialize(request, (one) => (one === metric ? { ...metric, dataPoints: [] } : undefined));
    const shell = shellOf(empty, metric.aggregationTemporality);
    this.#shells.set(metric.descriptor, shell);
    return shell;
  }

  #points(request: ResourceMetrics, metric: DoubleMetric): Buffer {
    this.#learn(request, metric);
    const { dataPoints } = metric;
    const blanks = dataPoints.map(({ attributes }) => this.#blanks.get(attributes) ?? noBlank);
    const points = Buffer.allocUnsafe(blanks.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const view = new DataView(points.buffer, points.byteOffset, points.byteLength);
    const [start, time] = [new Nanoseconds(), new Nanoseconds()];
    let at = 0;
    dataPoints.forEach(({ startTime, endTime, value }, index) => {
      const { bytes, headLength } = blanks[index] ?? noBlank;
      if (bytes.length === 0) return;
      points.set(bytes, at);
      const numbers = at + headLength;
      view.setBigUint64(numbers + 1, start.of(startTime), true);
      view.setBigUint64(numbers + 10, time.of(endTime), true);
      view.setFloat64(numbers + 19, value, true);
      at += bytes.length;
    });
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

/** What a request with a single metric without points says of it. */
function shellOf(request: Buffer, temporality: AggregationTemporality): Shell {
  let fields: WireField[] = [];
  rewriteAt(request, pathToMetric, (metric) => ((fields = [...fieldsOf(metric)]), undefined));
  const before = fields.filter(({ number }) => !dataFields.has(number)).map(({ raw }) => raw);
  const data = fields.find(({ number }) => dataFields.has(number));
  return {
    temporality,
    before: Buffer.concat(before),
    dataField: data?.number ?? 0,
    settings: Buffer.from(data?.content ?? []),
  };
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

import { OTLPMetricExporterBase } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  createOtlpNetworkExportDelegate,
  ExporterMetrics,
  type ExportResponse,
  type IExporterTransport,
} from "@opentelemetry/otlp-exporter-base";
import { JsonMetricsSerializer, MetricsExporterMetricsHelper } from "@opentelemetry/otlp-transformer";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  MeterProvider,
  type MetricProducer,
  MetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { Collection, Family } from "../collect/family.ts";
import { zeroOf } from "../collect/record.ts";
import { QueuewatchError } from "../errors.ts";
import { type Temporality, toMetricData } from "./metric-data.ts";
import { RememberingSerializer } from "./remembering-serializer.ts";
import { joinRequests, type Protocol, withoutValues } from "./request.ts";

/** What an encoder writes, and about whom. */
export interface OtlpEncoding {
  readonly resource: Resource;
  readonly protocol: Protocol;
  readonly temporality: Temporality;
  /** Whether series that ended get a last point that says so. */
  readonly ended: boolean;
  /** Version of the agent: the instrumentation scope's. */
  readonly version: string;
}

/**
 * Collections → OTLP requests, by OpenTelemetry's own SDK: a producer and a reader for each source, one exporter with the
 * official serializers, and a transport that keeps the request instead of sending it at once.
 */
export class OtlpEncoder {
  readonly #encoding: OtlpEncoding;
  readonly #transport = new KeepingTransport();
  readonly #exporter: PushMetricExporter;
  readonly #readers = new Map<string | undefined, TickReader>();

  constructor(encoding: OtlpEncoding) {
    this.#encoding = encoding;
    this.#exporter = exporterTo(this.#transport, encoding);
  }

  /** Not to be called again before it has resolved. Points stand in the request in the order of the collection, ended series last. */
  async encode(collection: Collection): Promise<Buffer> {
    const values = await this.#request(collection);
    const ended = this.#encoding.ended ? endedFamilies(collection) : [];
    if (ended.length === 0) return values;
    const { protocol } = this.#encoding;
    const last = await this.#request({ ...collection, families: ended });
    return joinRequests(values, withoutValues(last, protocol), protocol);
  }

  async #request(collection: Collection): Promise<Buffer> {
    await this.#reader(collection.target).tick(collection);
    return this.#transport.take();
  }

  #reader(source: string | undefined): TickReader {
    let reader = this.#readers.get(source);
    if (!reader) this.#readers.set(source, (reader = newReader(this.#exporter, this.#encoding)));
    return reader;
  }
}

function exporterTo(transport: IExporterTransport, { protocol, temporality }: OtlpEncoding): PushMetricExporter {
  const metrics = new ExporterMetrics({
    componentType: "queuewatch_otlp_exporter",
    metricsHelper: MetricsExporterMetricsHelper,
    url: undefined,
    meterProvider: undefined,
    responseAttributesFromError: () => ({}),
  });
  const serializer = protocol === "http/json" ? JsonMetricsSerializer : new RememberingSerializer();
  const options = { timeoutMillis: 10_000, concurrencyLimit: 8, compression: "none" } as const;
  const delegate = createOtlpNetworkExportDelegate(options, serializer, metrics, transport);
  return new OTLPMetricExporterBase(delegate, {
    temporalityPreference: temporality === "delta" ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
  });
}

function newReader(exporter: PushMetricExporter, encoding: OtlpEncoding): TickReader {
  const reader = new TickReader(exporter, new CollectionProducer(encoding));
  // The provider gives the reader its resource; it has no instruments of its own.
  const provider = new MeterProvider({ resource: encoding.resource, readers: [reader] });
  void provider;
  return reader;
}

/** Hands the last collection of a source to OpenTelemetry's SDK. */
class CollectionProducer implements MetricProducer {
  readonly #encoding: OtlpEncoding;
  collection: Collection | undefined;

  constructor(encoding: OtlpEncoding) {
    this.#encoding = encoding;
  }

  collect(): Promise<CollectionResult> {
    const { resource, temporality, version } = this.#encoding;
    const { families = [], timeMs = 0 } = this.collection ?? {};
    const metrics = families
      .filter(({ points }) => points.length > 0)
      .map((family) => toMetricData(family, timeMs, temporality));
    const scopeMetrics = metrics.length > 0 ? [{ scope: { name: "queuewatch", version }, metrics }] : [];
    return Promise.resolve({ resourceMetrics: { resource, scopeMetrics }, errors: [] });
  }
}

/** Collects and exports when it is told to, where OpenTelemetry's own reader has a timer. */
class TickReader extends MetricReader {
  readonly #exporter: PushMetricExporter;
  readonly #producer: CollectionProducer;

  constructor(exporter: PushMetricExporter, producer: CollectionProducer) {
    super({ metricProducers: [producer] });
    this.#exporter = exporter;
    this.#producer = producer;
  }

  async tick(collection: Collection): Promise<void> {
    this.#producer.collection = collection;
    const { resourceMetrics } = await this.collect();
    this.#producer.collection = undefined;
    await new Promise<void>((resolve, reject) => {
      this.#exporter.export(resourceMetrics, ({ error }) => (error ? reject(error) : resolve()));
    });
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Keeps what it was to send: our buffer decides when it goes, and how often. */
class KeepingTransport implements IExporterTransport {
  #request: Uint8Array | undefined;

  send(request: Uint8Array): Promise<ExportResponse> {
    this.#request = request;
    return Promise.resolve({ status: "success" });
  }
  take(): Buffer {
    if (!this.#request) throw new QueuewatchError("INTERNAL", "nothing was serialized");
    const { buffer, byteOffset, byteLength } = this.#request;
    this.#request = undefined;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  shutdown(): void {
    this.#request = undefined;
  }
}

/** A point with any value for each series that ended: the value is taken out again. */
function endedFamilies({ families }: Collection): Family[] {
  return families
    .filter(({ ended }) => ended.length > 0)
    .map(({ metric, ended }) => ({
      metric,
      points: ended.map((attributes) => ({ attributes, value: zeroOf(metric), startMs: undefined })),
      ended: [],
    }));
}

import { fieldsOf, rewriteAt, varintField } from "./wire.ts";

/** How requests are written. */
export type Protocol = "http/protobuf" | "http/json";

/**
 * Work on requests that were serialized already: the official serializers neither cut a request nor know the flags of a
 * point. Field numbers and names are those of opentelemetry-proto 1.x, metrics/v1/metrics.proto.
 */

/** From the request down to its points: resource_metrics, scope_metrics, metrics, gauge | sum | histogram, data_points. */
const pathToPoints = [[1], [2], [2], [5, 7, 9], [1]] as const;
const histogramField = 9;
const jsonPath = ["resourceMetrics", "scopeMetrics", "metrics"] as const;
const jsonData = ["gauge", "sum", "histogram"] as const;

/** Fields of a NumberDataPoint and a HistogramDataPoint that hold what was recorded, and the one that holds the flags. */
const recorded = { number: { values: [4, 6], flags: 8 }, histogram: { values: [4, 5, 6, 7, 11, 12], flags: 10 } };
const recordedJson = new Set(["asDouble", "asInt", "count", "sum", "min", "max", "bucketCounts", "explicitBounds"]);
const noRecordedValue = 1;

/** Cuts a request of `points` points in two, in order: the first `first` points, and the rest. */
export function splitRequest(body: Buffer, protocol: Protocol, first: number): [Buffer, Buffer] {
  const part = (keep: (index: number) => boolean): Buffer => {
    let index = 0;
    return protocol === "http/json"
      ? rewriteJson(body, (point) => (keep(index++) ? point : undefined))
      : rewriteProtobuf(body, (point) => (keep(index++) ? point : undefined));
  };
  return [part((index) => index < first), part((index) => index >= first)];
}

/** The same points, saying that their series have ended (NO_RECORDED_VALUE) instead of a value. */
export function withoutValues(body: Buffer, protocol: Protocol): Buffer {
  return protocol === "http/json" ? rewriteJson(body, endedJson) : rewriteProtobuf(body, endedProtobuf);
}

/** One request with the points of both, in order. */
export function joinRequests(first: Buffer, second: Buffer, protocol: Protocol): Buffer {
  if (protocol === "http/protobuf") return Buffer.concat([first, second]);
  const [a, b] = [first, second].map(parse);
  return Buffer.from(JSON.stringify({ resourceMetrics: [...listOf(a, jsonPath[0]), ...listOf(b, jsonPath[0])] }));
}

type Kind = keyof typeof recorded;
type Json = Record<string, unknown>;

function rewriteProtobuf(body: Buffer, visit: (point: Buffer, kind: Kind) => Buffer | undefined): Buffer {
  return rewriteAt(body, pathToPoints, (point, passed) => visit(point, kindOf(passed))) ?? Buffer.alloc(0);
}

function kindOf(passed: readonly number[]): Kind {
  return passed.includes(histogramField) ? "histogram" : "number";
}

function endedProtobuf(point: Buffer, kind: Kind): Buffer {
  const { values, flags } = recorded[kind];
  const rest = [...fieldsOf(point)].filter(({ number }) => !values.includes(number)).map(({ raw }) => raw);
  return Buffer.concat([...rest, varintField(flags, noRecordedValue)]);
}

function rewriteJson(body: Buffer, visit: (point: Json) => Json | undefined): Buffer {
  const level = (node: Json, depth: number): Json | undefined => {
    const name = jsonPath[depth];
    if (name === undefined) return rewriteMetric(node, visit);
    const children = listOf(node, name).flatMap((child) => level(child, depth + 1) ?? []);
    return children.length > 0 ? { ...node, [name]: children } : undefined;
  };
  return Buffer.from(JSON.stringify(level(parse(body), 0) ?? { resourceMetrics: [] }));
}

function rewriteMetric(metric: Json, visit: (point: Json) => Json | undefined): Json | undefined {
  const name = jsonData.find((kind) => kind in metric);
  const data = name === undefined ? undefined : metric[name];
  if (name === undefined || !isObject(data)) return undefined;
  const dataPoints = listOf(data, "dataPoints").flatMap((point) => visit(point) ?? []);
  return dataPoints.length > 0 ? { ...metric, [name]: { ...data, dataPoints } } : undefined;
}

function endedJson(point: Json): Json {
  const rest = Object.entries(point).filter(([name]) => !recordedJson.has(name));
  return { ...Object.fromEntries(rest), flags: noRecordedValue };
}

function parse(body: Buffer): Json {
  const parsed: unknown = JSON.parse(body.toString());
  return isObject(parsed) ? parsed : {};
}
function listOf(node: Json | undefined, name: string): Json[] {
  const value = node?.[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}
function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

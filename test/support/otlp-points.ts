/** One data point, as a receiver understands it, whichever encoding brought it. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: "gauge" | "sum" | "histogram";
  /** Undefined for gauges. */
  readonly temporality: "delta" | "cumulative" | undefined;
  readonly monotonic: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  /** Of gauges and sums; undefined where the point says that there is none. */
  readonly value: number | undefined;
  readonly histogram: { counts: number[]; bounds: number[]; sum: number; count: number } | undefined;
  /** In ms since the epoch; undefined where unset or 0. */
  readonly startMs: number | undefined;
  readonly timeMs: number;
  readonly noRecordedValue: boolean;
}

type Json = Record<string, unknown>;
const temporalities = [undefined, "delta", "cumulative"] as const;

/** All points of a decoded request, in order; throws where it breaks the protocol's rules. */
export function pointsOf(request: unknown): ReceivedPoint[] {
  return list(object(request)["resourceMetrics"]).flatMap((resourceMetrics) => {
    const resource = attributes(object(resourceMetrics["resource"] ?? {})["attributes"]);
    return list(resourceMetrics["scopeMetrics"]).flatMap((scopeMetrics) =>
      list(scopeMetrics["metrics"]).flatMap((metric) => metricPoints(metric, resource)),
    );
  });
}

function metricPoints(metric: Json, resource: Record<string, string>): ReceivedPoint[] {
  const kind = (["gauge", "sum", "histogram"] as const).find((name) => metric[name] !== undefined);
  if (!kind) throw new Error(`metric ${text(metric["name"])} has no data`);
  const data = object(metric[kind]);
  const temporality = temporalities[Number(data["aggregationTemporality"] ?? 0)];
  if (kind !== "gauge" && !temporality) throw new Error(`metric ${text(metric["name"])} has no temporality`);
  return list(data["dataPoints"]).map((point) => ({
    name: text(metric["name"]),
    unit: text(metric["unit"]),
    description: text(metric["description"]),
    kind,
    temporality,
    monotonic: data["isMonotonic"] === true,
    attributes: attributes(point["attributes"]),
    resource,
    ...valueOf(kind, point),
    startMs: millis(point["startTimeUnixNano"]) || undefined,
    timeMs: millis(point["timeUnixNano"]),
    noRecordedValue: (Number(point["flags"] ?? 0) & 1) === 1,
  }));
}

function valueOf(kind: string, point: Json): Pick<ReceivedPoint, "value" | "histogram"> {
  if (kind === "histogram") return { value: undefined, histogram: histogramOf(point) };
  const value = point["asDouble"] ?? point["asInt"];
  if (value === null) throw new Error("a value is null");
  return { value: value === undefined ? undefined : Number(value), histogram: undefined };
}

function histogramOf(point: Json): ReceivedPoint["histogram"] {
  const counts = numbers(point["bucketCounts"]);
  const bounds = numbers(point["explicitBounds"]);
  const count = Number(point["count"] ?? 0);
  const sum = Number(point["sum"] ?? 0);
  if (counts.length === 0) return undefined;
  if (counts.length !== bounds.length + 1) throw new Error("buckets and bounds do not fit");
  if (counts.reduce((total, n) => total + n, 0) !== count) throw new Error("the buckets do not add up to the count");
  return { counts, bounds, sum, count };
}

function attributes(value: unknown): Record<string, string> {
  return Object.fromEntries(
    list(value).map((entry) => [text(entry["key"]), text(Object.values(object(entry["value"]))[0])]),
  );
}

function millis(nanos: unknown): number {
  return Number(BigInt(text(nanos) || 0) / 1_000_000n);
}
function text(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return `${value}`;
  throw new Error("a scalar was expected");
}
function numbers(value: unknown): number[] {
  return ((value ?? []) as unknown[]).map(Number);
}
function list(value: unknown): Json[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error("a list was expected");
  return value as Json[];
}
function object(value: unknown): Json {
  if (typeof value !== "object" || value === null) throw new Error("an object was expected");
  return value as Json;
}

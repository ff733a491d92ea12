import { type HrTime, ValueType } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricDescriptor,
} from "@opentelemetry/sdk-metrics";
import type { HistogramValue, Metric } from "../catalogue/metric.ts";
import type { Family, Point } from "../collect/family.ts";

export type Temporality = "cumulative" | "delta";

const descriptors = new WeakMap<Metric, MetricDescriptor>();
const unknownStart = millisToHrTime(0);
const temporalities = { cumulative: AggregationTemporality.CUMULATIVE, delta: AggregationTemporality.DELTA };

/**
 * A family as OpenTelemetry's SDK has it. Every number is a double: a counter that is an integer today and none tomorrow
 * would change its type. Times are those of the points; a start of 0 says that it is unknown.
 */
export function toMetricData({ metric, points }: Family, timeMs: number, temporality: Temporality): MetricData {
  const common = { descriptor: descriptorOf(metric), aggregationTemporality: temporalities[temporality] };
  const endTime = millisToHrTime(timeMs);
  const times = ({ attributes, startMs }: Point) => ({ attributes, startTime: startTime(startMs), endTime });
  if (metric.kind === "histogram")
    return {
      ...common,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: points.map((point) => ({ ...times(point), value: toHistogram(metric, point.value) })),
    };
  const dataPoints = points.map((point) => ({ ...times(point), value: toNumber(point.value) }));
  return metric.kind === "counter"
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** The same object for the same metric: the serializer remembers what it made of it. */
function descriptorOf(metric: Metric): MetricDescriptor {
  let descriptor = descriptors.get(metric);
  if (!descriptor) {
    descriptor = { name: metric.name, description: metric.help, unit: metric.unit, valueType: ValueType.DOUBLE };
    descriptors.set(metric, descriptor);
  }
  return descriptor;
}

function startTime(startMs: number | undefined): HrTime {
  return startMs === undefined ? unknownStart : millisToHrTime(startMs);
}

function toNumber(value: number | HistogramValue): number {
  return typeof value === "number" ? value : value.sum;
}

function toHistogram(metric: Metric, value: number | HistogramValue): Histogram {
  const { counts, sum } = typeof value === "number" ? { counts: [], sum: value } : value;
  return {
    buckets: { boundaries: [...metric.bounds], counts: [...counts] },
    count: counts.reduce((total, count) => total + count, 0),
    sum,
  };
}

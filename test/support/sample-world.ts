import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes, type Metric } from "../../src/catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../src/catalogue/prometheus-name.ts";
import { remoteWrite, type WrittenSeries } from "./remote-write.ts";

/**
 * A made-up world as the agent would report it: every metric of the catalogue, two targets, days of ordinary traffic,
 * and trouble in its last forty minutes: a queue floods, one class fails, a worker is lost, payloads are not jobs.
 */
export interface SampleWorld {
  /** Queues of the first target besides the named ones. */
  readonly moreQueues?: number;
  /** When the world ends: now, in seconds since 1970. */
  readonly end: number;
}

interface Place {
  readonly system: string;
  readonly target: string;
  readonly queues: readonly string[];
  readonly classes: readonly string[];
  readonly hosts: readonly string[];
}

/** A queue that nobody knew before the trouble. */
const appeared = "x-probe";
/** A queue that gets a batch every two hours and works it off. */
const batch = "video";
/** An error that did not occur before the trouble. */
const newError = "JSON::ParserError";

const places: readonly Place[] = [
  {
    system: "sidekiq",
    target: "shop",
    queues: ["critical", "default", "mailers", "report-daily", "low", appeared],
    classes: ["ChargeCardJob", "SendMailJob", "SyncStockJob", "BuildReportJob"],
    hosts: ["worker-1", "worker-2", "worker-3"],
  },
  {
    system: "resque",
    target: "media",
    queues: ["thumbnails", "video", "webhooks"],
    classes: ["ThumbnailJob", "TranscodeJob"],
    hosts: ["media-1", "media-2"],
  },
];

const troubled = { queue: "mailers", class: "SendMailJob", host: "worker-3" } as const;
const troubleLasts = 2_400;
const day = 86_400;

type Labels = Readonly<Record<string, string>>;
/** Value of a gauge, or growth per second of a counter, at a time; `index` tells the metric's series apart. */
type Shape = (context: {
  labels: Labels;
  index: number;
  time: number;
  trouble: number;
  left: number;
}) => number | undefined;

/** Between 0.4 and 1 over the day, the busiest at two in the afternoon, with a little noise. */
function daylight(time: number, index: number): number {
  const wave = 0.7 - 0.3 * Math.cos(((time % day) / day) * 2 * Math.PI - 0.5);
  return wave * (1 + 0.08 * Math.sin(time / 97 + index * 5) + 0.05 * Math.sin(time / 31 + index));
}

const isTroubled = (labels: Labels): boolean =>
  labels["queue"] === troubled.queue || labels["job_class"] === troubled.class || labels["host_name"] === troubled.host;

/** Jobs of one class in one queue fail, with an error that is new. */
const isPoisoned = (labels: Labels): boolean =>
  labels["queue"] === troubled.queue && labels["job_class"] === troubled.class;

const promises: Readonly<Record<string, number>> = {
  critical: 10,
  mailers: 60,
  default: 120,
  webhooks: 30,
  video: 900,
};

/** What is not here is 1 as a gauge and grows a little as a counter. */
const shapes: Readonly<Record<string, Shape>> = {
  "jobqueue.queue.size": ({ labels, index, time, trouble, left }) => {
    if (labels["queue"] === appeared) return trouble > 0 ? Math.round(trouble / 4) : undefined;
    if (labels["queue"] === batch) return Math.round(300 + (left % 7_200) / 5);
    const flood = labels["queue"] === troubled.queue ? trouble * 4.2 : 0;
    return Math.round(12 * daylight(time, index) * (index + 1) + flood);
  },
  "jobqueue.queue.latency": ({ labels, index, time, trouble }) =>
    2.5 * daylight(time, index) * ((index % 4) + 1) + (labels["queue"] === troubled.queue ? trouble * 0.06 : 0),
  "jobqueue.queue.latency_uncertainty": ({ labels }) => (labels["system"] === "resque" ? 1.5 : undefined),
  "jobqueue.queue.latency_limit": ({ labels }) => {
    const promise = promises[labels["queue"] ?? ""] ?? 600;
    return labels["severity"] === "critical" ? promise : promise / 3;
  },
  "jobqueue.queue.size_limit": ({ labels }) => (labels["severity"] === "critical" ? 20_000 : 5_000),
  "jobqueue.queue.enqueued": ({ labels, index, time, trouble }) =>
    3 * daylight(time, index) + (labels["queue"] === troubled.queue && trouble > 0 ? 6 : 0),
  "jobqueue.queue.dequeued": ({ index, time }) => 3 * daylight(time, index),
  "jobqueue.queue.running": ({ index, time }) => Math.round(4 * daylight(time, index)),
  "jobqueue.queue.longest_running": ({ index, time }) => (time / 20 + index * 31) % (40 + index * 10),
  "jobqueue.queue.workers": ({ labels, trouble }) => (labels["system"] === "sidekiq" && trouble > 0 ? 2 : 3),
  "jobqueue.queue.slots": () => 30,
  "jobqueue.queue.paused": () => 0,
  "jobqueue.payload.invalid": ({ labels, trouble }) =>
    labels["queue"] === troubled.queue && labels["error_type"] === "malformed" && trouble > 0 ? 0.02 : 0,
  "jobqueue.payload.size": ({ labels, index, trouble }) =>
    700 + index * 90 + (labels["queue"] === troubled.queue && trouble > 0 ? 9_000 : 0),
  "jobqueue.job.processed": ({ index, time }) => 14 * daylight(time, index) * (index === 0 ? 2 : 1),
  "jobqueue.job.failed": ({ index, time, trouble }) =>
    0.2 * daylight(time, index) + (index === 0 && trouble > 0 ? 3.4 : 0),
  "jobqueue.job.lost": ({ labels, trouble }) => (isTroubled(labels) && trouble > 0 && trouble < 300 ? 0.02 : 0),
  "jobqueue.class.processed": ({ index, time }) => 7 * daylight(time, index),
  "jobqueue.class.failed": ({ labels, index, time, trouble }) =>
    0.05 * daylight(time, index) + (isTroubled(labels) && trouble > 0 ? 3.3 : 0),
  "jobqueue.class.running": ({ index, time }) => Math.round(5 * daylight(time, index)),
  "jobqueue.class.longest_running": ({ index, time }) => (time / 20 + index * 31) % 60,
  "jobqueue.set.size": ({ index, trouble }) => 20 * (index + 1) + trouble * 0.5,
  "jobqueue.failure.size": ({ labels, index, trouble }) => {
    if (labels["set"] === "scheduled") return undefined;
    return 5 + ((index * 7) % 23) + (isPoisoned(labels) ? trouble * (0.9 / (1 + (index % 4))) : 0);
  },
  "jobqueue.failure.recorded": ({ labels, trouble }) => {
    if (isPoisoned(labels) && trouble > 0) return labels["error_type"] === newError ? 2.4 : 0.3;
    return labels["error_type"] === newError ? undefined : 0.002;
  },
  "jobqueue.worker.count": ({ labels, trouble }) => {
    const lost = labels["system"] === "sidekiq" && trouble > 0 ? 1 : 0;
    return { active: 3 - lost, quiet: 0, lost }[labels["state"] ?? ""] ?? 0;
  },
  "jobqueue.worker.minimum": () => 2,
  "jobqueue.worker.slots": () => 10,
  "jobqueue.worker.busy": ({ index, time }) => Math.round(7 * daylight(time, index)),
  "jobqueue.worker.memory": ({ index, time }) => 3.2e8 + 4e7 * index + 6e7 * Math.abs(Math.sin(time / 9_000 + index)),
  "jobqueue.worker.heartbeat_age": ({ labels, time, trouble }) =>
    (time % 10) + (labels["host_name"] === troubled.host && trouble > 0 ? Math.min(trouble, 30) : 0),
  "jobqueue.worker.redis_rtt": ({ index, time }) => 0.0008 * (1 + index / 3) * daylight(time, index),
  "jobqueue.worker.cpu.time": ({ index, time }) => 0.7 * daylight(time, index),
  "jobqueue.worker.network.io": ({ index, time }) => 90_000 * daylight(time, index),
  "jobqueue.worker.lost": ({ index, trouble }) => (index === 0 && trouble > 0 && trouble < 60 ? 1 / 60 : 0),
  "jobqueue.worker.started": ({ time }) => (time % 21_600 < 60 ? 3 / 60 : 0),
  "jobqueue.worker.stopped": ({ time }) => (time % 21_600 < 60 ? 3 / 60 : 0),
  "jobqueue.deploy.marked": ({ time }) => (time % 21_600 < 60 ? 1 / 60 : 0),
  "redis.memory.used": ({ index, time, trouble }) => 1.4e9 + 2e8 * daylight(time, index) + trouble * 2e5,
  "redis.memory.rss": ({ index, time, trouble }) => 1.6e9 + 2e8 * daylight(time, index) + trouble * 2e5,
  "redis.maxmemory": () => 4e9,
  "redis.memory.fragmentation_ratio": () => 1.13,
  "redis.cpu.time": ({ index, time }) => 0.05 * daylight(time, index),
  "redis.clients.connected": ({ index, time }) => Math.round(80 * daylight(time, index)),
  "redis.clients.limit": () => 10_000,
  "redis.clients.blocked": () => 30,
  "redis.commands.processed": ({ index, time }) => 900 * daylight(time, index),
  "redis.net.input": ({ index, time }) => 220_000 * daylight(time, index),
  "redis.net.output": ({ index, time }) => 410_000 * daylight(time, index),
  "redis.keys.evicted": () => 0,
  "redis.connections.rejected": () => 0,
  "redis.keys.expired": ({ index, time }) => 2 * daylight(time, index),
  "redis.rdb.changes_since_last_save": ({ time }) => 30 * (time % 900),
  "redis.latest_fork": () => 9_400,
  "redis.ping.time": ({ index, time }) => 0.0006 * daylight(time, index),
  "redis.db.keys": () => 48_000,
  "queuewatch.collection.errors": () => 0,
  "queuewatch.series.active": () => 640,
  "queuewatch.series.dropped": () => 0,
  "queuewatch.export.produced": () => 90,
  "queuewatch.export.points": ({ labels }) => (labels["outcome"] === "delivered" ? 90 : 0),
  "queuewatch.export.queued": ({ time }) => 200 + 40 * Math.sin(time / 60),
  "queuewatch.redis.commands": () => 4.5,
  "queuewatch.redis.received": () => 6_000,
  "queuewatch.process.cpu.time": () => 0.012,
  "queuewatch.process.memory.usage": () => 7.4e7,
  "queuewatch.process.uptime": ({ time }) => time % (3 * day),
};

/** Values of attributes that are the same everywhere. */
const fixedValues: Readonly<Record<string, readonly string[]>> = {
  severity: ["warning", "critical"],
  team: ["payments"],
  set: ["scheduled", "retry", "dead"],
  state: ["active", "quiet", "lost"],
  "error.type": ["Net::SMTPError", newError, "other"],
  version: ["7.3.2"],
  direction: ["receive", "transmit"],
  schedule: ["nightly-report"],
  policy: ["noeviction"],
  role: ["primary"],
  db: ["0"],
  reason: ["limit"],
  destination: ["collector"],
  outcome: ["delivered", "rejected", "dropped"],
};

/** All series of the world over times that rise; counters go on from what they were at the world's beginning. */
export function sampleSeries({ moreQueues = 0, end }: SampleWorld, times: readonly number[]): WrittenSeries[] {
  const more = Array.from({ length: moreQueues }, (_, index) => `tenant-${String(index).padStart(4, "0")}`);
  const [first, ...others] = places;
  const world = first ? [{ ...first, queues: [...first.queues, ...more] }, ...others] : [];
  return catalogue.flatMap((metric) => metricSeries(metric, world, { end, times }));
}

function metricSeries(metric: Metric, world: readonly Place[], when: { end: number; times: readonly number[] }) {
  const labelSets =
    metric.scope === "agent" && !metric.attributes.includes("target")
      ? combinations(metric, undefined)
      : world.flatMap((place) => combinations(metric, place).slice(0, limit));
  return labelSets.flatMap((labels, index) => oneSeries(metric, labels, index, when));
}

/** Of one metric the agent exports no more than these of a target by default. */
const limit = 2_000;

function combinations(metric: Metric, place: Place | undefined): Labels[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    ...fixedValues,
    ...(metric.name === "jobqueue.payload.invalid" ? { "error.type": ["malformed", "no_class"] } : {}),
    ...(metric.name === "queuewatch.collection.errors" ? { "error.type": ["REDIS_TIMEOUT"] } : {}),
    ...(metric.name === "redis.cpu.time" ? { state: ["sys", "user", "sys_children"] } : {}),
    environment: ["production"],
    ...(place
      ? {
          system: [place.system],
          target: [place.target],
          queue: place.queues,
          "job.class": place.classes,
          "host.name": place.hosts,
        }
      : {}),
  };
  const attributes = [...commonAttributes[metric.scope], ...metric.attributes];
  return attributes.reduce<Labels[]>(
    (sets, attribute) =>
      sets.flatMap((set) =>
        (values[attribute] ?? ["?"]).map((value) => ({ ...set, [prometheusLabel(attribute)]: value })),
      ),
    [{}],
  );
}

function oneSeries(
  metric: Metric,
  labels: Labels,
  index: number,
  { end, times }: { end: number; times: readonly number[] },
): WrittenSeries[] {
  const name = prometheusName(metric);
  const shape = shapes[metric.name] ?? (() => (metric.kind === "gauge" ? 1 : 0.01));
  const valueAt = (time: number) =>
    shape({ labels, index, time, left: end - time, trouble: Math.max(0, time - (end - troubleLasts)) });
  if (metric.kind === "histogram") return histogram(metric, labels, index, times);
  if (metric.kind === "gauge") {
    const samples = times.flatMap((time) => {
      const value = valueAt(time);
      return value === undefined ? [] : [[time, value] as const];
    });
    return samples.length === 0 ? [] : [{ labels: { __name__: name, ...labels }, samples }];
  }
  const seen = times.filter((time) => valueAt(time) !== undefined);
  if (seen.length === 0) return [];
  return [{ labels: { __name__: name, ...labels }, samples: grown(seen, (time) => valueAt(time) ?? 0) }];
}

function grown(times: readonly number[], perSecond: (time: number) => number): [number, number][] {
  let total = 0;
  return times.map((time, index) => {
    total += perSecond(time) * (time - (times[index - 1] ?? time));
    return [time, total];
  });
}

/** Observations around a middle that differs by series, slower when it is busy. */
function histogram(metric: Metric, labels: Labels, index: number, times: readonly number[]): WrittenSeries[] {
  const name = prometheusName(metric);
  const middle = (metric.bounds[Math.floor(metric.bounds.length / 3) + (index % 6)] ?? 1) * 0.8;
  const below = (bound: number, time: number) => 1 / (1 + (bound / (middle * daylight(time, index))) ** -2.2);
  const buckets = [...metric.bounds.map(String), "+Inf"].map((le) => ({
    labels: { __name__: `${name}_bucket`, le, ...labels },
    samples: grown(times, (time) => 6 * daylight(time, index) * (le === "+Inf" ? 1 : below(Number(le), time))),
  }));
  return [
    ...buckets,
    { labels: { __name__: `${name}_count`, ...labels }, samples: grown(times, (time) => 6 * daylight(time, index)) },
    {
      labels: { __name__: `${name}_sum`, ...labels },
      samples: grown(times, (time) => 9 * middle * daylight(time, index)),
    },
  ];
}

/** Spans of time and how dense their samples are: old to new, relative to the world's end. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** The same time last week, the day before, and the last hours as the agent reports them. */
export const usualSpans: readonly Span[] = [
  { from: -7 * day - 4 * 3_600, to: -7 * day + 600, step: 30 },
  { from: -26 * 3_600, to: -6.5 * 3_600, step: 240 },
  { from: -6.5 * 3_600, to: 0, step: 30 },
];

/** Fills a Prometheus with the world, in order of time. */
export async function fill(url: string, world: SampleWorld, spans: readonly Span[]): Promise<void> {
  const times = spans.flatMap(({ from, to, step }) =>
    Array.from({ length: Math.floor((to - from) / step) }, (_, index) => world.end + from + (index + 1) * step),
  );
  const series = sampleSeries(world, times);
  const perRequest = 60;
  for (let at = 0; at < times.length; at += perRequest) {
    const [first, last] = [times[at] ?? 0, times[Math.min(at + perRequest, times.length) - 1] ?? 0];
    const part = series.map(({ labels, samples }) => ({
      labels,
      samples: samples.filter(([time]) => time >= first && time <= last),
    }));
    await remoteWrite(`${url}/api/v1/write`, part);
  }
}

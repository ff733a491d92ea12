import { commonAttributes, type HistogramValue, type Metric } from "../catalogue/metric.ts";
import * as jobqueue from "../catalogue/jobqueue.ts";
import { targetUp } from "../catalogue/queuewatch.ts";
import { redisAofLastWriteOk, redisRdbLastSaveOk } from "../catalogue/redis.ts";
import type { Family, Point, PointAttributes } from "./family.ts";
import { type Places, seriesCost, valuesOfOther } from "./places.ts";
import { addValues, combineValues, type Sample, zeroOf } from "./record.ts";

/** Counters that their source gives at each tick: without a sample they are gone. The others last while they are idle. */
const givenEachTick = new Set<Metric>([jobqueue.queueEnqueued, jobqueue.queueDequeued]);
/** Gauges that are absent while nothing happens: 0 for an hour, so that a class's series does not come and go with each job. */
const lingering = new Set<Metric>([jobqueue.classRunning, jobqueue.classLongestRunning]);
/** Gauges whose 0 would be read as trouble, or as a promise of 0: they end without it. */
const endsWithoutZero = new Set<Metric>([
  targetUp,
  jobqueue.schedulerUp,
  jobqueue.queueLatencyLimit,
  jobqueue.queueSizeLimit,
  jobqueue.workerMinimum,
  redisRdbLastSaveOk,
  redisAofLastWriteOk,
]);
const lingerMs = 3_600_000;
const maxInterned = 20_000;
const idleMs = 24 * 3_600_000;

interface Series {
  readonly attributes: PointAttributes;
  readonly values: readonly string[];
  value: number | HistogramValue;
  /** What was counted when the series first appeared: it starts at 0 and gets its value one tick later. */
  pending: number | HistogramValue | undefined;
  startMs: number | undefined;
  touchedMs: number;
  /** `last`: gone, and its last point was given. */
  state: "live" | "last";
}

/** Counts of a source as they are kept over a restart of the agent. */
export interface SavedSeries {
  readonly metric: string;
  readonly values: readonly string[];
  readonly value: number | HistogramValue;
  readonly startMs: number;
}

/** What a tick gave: families for export, and how many samples lost their own series. */
export interface Advanced {
  readonly families: Family[];
  readonly folded: number;
  readonly cost: number;
}

/**
 * All series of one source over time: makes increments cumulative, and lets series begin and end as they should.
 *
 * What is done for each of thousands of series runs too seldom for V8 to optimise; `forEach` then costs no object for each
 * of them, as `for … of` does.
 */
export class SeriesTable {
  readonly #common: PointAttributes;
  readonly #places: Places;
  readonly #tables = new Map<Metric, Map<string, Series>>();
  readonly #interned = new Map<string, PointAttributes>();
  #lastMs: number | undefined;

  /** `common`: the values of the scope's common attributes; empty ones are left out. */
  constructor(common: PointAttributes, places: Places) {
    this.#common = common;
    this.#places = places;
  }

  /** Takes one tick's samples and gives the points of that moment. */
  advance(samples: readonly Sample[], nowMs: number): Advanced {
    for (const table of this.#tables.values()) table.forEach(settle);
    const [lasting, passing] = partition(mergeTotals(samples), isLasting);
    const { kept, folded: lost } = this.#places.divide(passing, this.#lastingCost(), nowMs);
    kept.forEach((sample) => this.#apply(sample, nowMs));
    lost.forEach((sample) => this.#apply(sample, nowMs, valuesOfOther(sample)));
    let refused = 0;
    for (const sample of lasting) if (!this.#applyLasting(sample, nowMs)) refused++;
    this.#places.forget(nowMs);
    const families = [...this.#tables].map(([metric, table]) => this.#family(metric, table, nowMs));
    this.#lastMs = nowMs;
    return {
      families: families.filter(({ points, ended }) => points.length + ended.length > 0),
      folded: lost.length + refused,
      cost: families.reduce((sum, { metric, points }) => sum + points.length * seriesCost(metric), 0),
    };
  }

  #applyLasting(sample: Sample, nowMs: number): boolean {
    const table = this.#table(sample.metric);
    const room = table.has(key(sample.values)) || this.#places.hasRoom(sample.metric, table.size, this.#lastingCost());
    this.#apply(sample, nowMs, room ? sample.values : valuesOfOther(sample));
    return room;
  }

  /** `values`: the attributes of the series that gets the sample. */
  #apply({ metric, value, mode, values: own }: Sample, nowMs: number, values: readonly string[] = own): void {
    const table = this.#table(metric);
    const name = key(values);
    const series = table.get(name);
    if (!series) {
      table.set(name, this.#begin({ metric, values, value, mode }, nowMs));
      return;
    }
    const again = series.touchedMs === nowMs && series.state === "live";
    series.state = "live";
    series.touchedMs = nowMs;
    if (mode === "state") series.value = again ? combineValues(metric, series.value, value) : value;
    else if (mode === "total") this.#setTotal(series, value);
    else if (series.pending === undefined) series.value = addValues(series.value, value);
    else series.pending = addValues(series.pending, value);
  }

  #begin({ metric, values, value, mode }: Sample, nowMs: number): Series {
    const counted = mode === "increment";
    return {
      attributes: this.#attributes(metric, values),
      values,
      value: counted ? zeroOf(metric) : value,
      pending: counted ? value : undefined,
      startMs: counted ? nowMs : undefined,
      touchedMs: nowMs,
      state: "live",
    };
  }

  /** A total that fell was reset, somewhere between the last two looks; one that only we did not see before was not. */
  #setTotal(series: Series, value: number | HistogramValue): void {
    if (value < series.value) series.startMs = this.#lastMs;
    series.value = value;
  }

  #family(metric: Metric, table: Map<string, Series>, nowMs: number): Family {
    const points: Point[] = [];
    const ended: PointAttributes[] = [];
    table.forEach((series, name) => {
      const fate = series.touchedMs === nowMs ? "stays" : fateOf(metric, series, nowMs - series.touchedMs);
      if (fate === "ends") {
        table.delete(name);
        ended.push(series.attributes);
        return;
      }
      if (fate !== "stays" && metric.kind === "gauge") series.value = 0;
      if (fate === "last") series.state = "last";
      points.push({ attributes: series.attributes, value: series.value, startMs: series.startMs });
    });
    return { metric, points, ended };
  }

  #lastingCost(): number {
    let cost = 0;
    for (const [metric, table] of this.#tables) if (lasts(metric)) cost += table.size * seriesCost(metric);
    return cost;
  }

  #table(metric: Metric): Map<string, Series> {
    let table = this.#tables.get(metric);
    if (!table) this.#tables.set(metric, (table = new Map()));
    return table;
  }

  /** One object for all series of the same attributes: they are many, and destinations remember what they made of it. */
  #attributes(metric: Metric, values: readonly string[]): PointAttributes {
    const name = key([metric.scope, ...metric.attributes, ...values]);
    const known = this.#interned.get(name);
    if (known) return known;
    if (this.#interned.size >= maxInterned) this.#interned.clear();
    const made = this.#made(metric, values);
    this.#interned.set(name, made);
    return made;
  }

  #made(metric: Metric, values: readonly string[]): PointAttributes {
    const common = commonAttributes[metric.scope].map((name) => [name, this.#common[name] ?? ""]);
    const own = metric.attributes.map((name, index) => [name, values[index] ?? ""]);
    return Object.freeze(Object.fromEntries([...common, ...own].filter(([, value]) => value !== "")));
  }

  /** The counts that were to get their first value at the next tick, with it. */
  flush(): Family[] {
    return [...this.#tables].map(([metric, table]) => {
      const first = [...table.values()].filter(({ pending }) => pending !== undefined);
      for (const series of first) settle(series);
      const points = first.map(({ attributes, value, startMs }) => ({ attributes, value, startMs }));
      return { metric, points, ended: [] };
    });
  }

  /** Ends all series at once. */
  end(): Family[] {
    const families = [...this.#tables].map(([metric, table]) => {
      return { metric, points: [], ended: [...table.values()].map(({ attributes }) => attributes) };
    });
    this.#tables.clear();
    return families;
  }

  /** The counts that only we keep, for the state file. */
  save(): SavedSeries[] {
    return [...this.#tables].flatMap(([metric, table]) =>
      metric.kind === "gauge" || !metric.startsAtZero
        ? []
        : [...table.values()].map(({ values, value, pending, startMs }) => ({
            metric: metric.name,
            values,
            value: pending === undefined ? value : addValues(value, pending),
            startMs: startMs ?? 0,
          })),
    );
  }

  /** Goes on from saved counts; to be called before the first tick. */
  restore(metric: Metric, saved: SavedSeries, nowMs: number): void {
    const { values, value, startMs } = saved;
    const attributes = this.#attributes(metric, values);
    const series: Series = { attributes, values, value, startMs, pending: undefined, touchedMs: nowMs, state: "live" };
    this.#table(metric).set(key(values), series);
  }
}

/** Names cannot hold a NUL: `exportedName` replaces it. */
function key(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : values.join("\0");
}

function settle(series: Series): void {
  if (series.pending === undefined) return;
  series.value = addValues(series.value, series.pending);
  series.pending = undefined;
}

/** What becomes of a series that got no sample: it stays, is 0 for a while, gives its last point, or ends. */
function fateOf(metric: Metric, series: Series, idle: number): "stays" | "lingers" | "last" | "ends" {
  if (lasts(metric)) return idle < idleMs ? "stays" : "ends";
  if (lingering.has(metric) && idle < lingerMs) return "lingers";
  return series.state === "last" || endsWithoutZero.has(metric) ? "ends" : "last";
}

function lasts(metric: Metric): boolean {
  return metric.kind !== "gauge" && metric.startsAtZero && !givenEachTick.has(metric);
}

function isLasting(sample: Sample): boolean {
  return lasts(sample.metric);
}

/** Several namespaces of one system in one target: their totals are one total. */
function mergeTotals(samples: readonly Sample[]): Sample[] {
  const [totals, rest] = partition(samples, ({ mode }) => mode === "total");
  const merged = Map.groupBy(totals, ({ metric, values }) => `${metric.name}\0${key(values)}`);
  for (const [sample, ...more] of merged.values())
    if (sample) rest.push({ ...sample, value: more.reduce((sum, { value }) => addValues(sum, value), sample.value) });
  return rest;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  items.forEach((item) => (test(item) ? yes : no).push(item));
  return [yes, no];
}

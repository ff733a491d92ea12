import type { Attribute, Metric } from "../catalogue/metric.ts";
import type { Sample } from "./record.ts";

/** What series may be exported: in all for one source, and for one metric. */
export interface SeriesLimits {
  readonly perMetric: number;
  readonly total: number;
}

/** Samples that keep series of their own, and those that do not. */
interface Divided {
  readonly kept: readonly Sample[];
  readonly folded: readonly Sample[];
}

/** The name under which series without a place of their own are combined. */
export const other = "other";

const openAttributes = new Set<Attribute>(["queue", "job.class", "error.type", "host.name", "schedule", "version"]);
const forgetAfterMs = 24 * 3_600_000;
const lookEveryMs = 60_000;
const maxRemembered = 50_000;

/** How many series a point of the metric is in a time series database. */
export function seriesCost(metric: Metric): number {
  return metric.kind === "histogram" ? metric.bounds.length + 3 : 1;
}

/** Whether an attribute's values come from whoever enqueues or runs jobs, so that there may be any number of them. */
export function isOpen(attribute: Attribute): boolean {
  return openAttributes.has(attribute);
}

/** A metric with more samples than it may have series. */
interface Crowded {
  readonly metric: Metric;
  readonly size: number;
  readonly limit: number;
}

interface Known {
  readonly firstSeenMs: number;
  lastSeenMs: number;
  rank: number;
}

/**
 * Decides which names keep series of their own when a limit is reached. The choice is stable: names from the config first,
 * then whoever has been known longest, so that a flood of new names never pushes out the old ones.
 */
export class Places {
  readonly #limits: SeriesLimits;
  #named: ReadonlySet<string>;
  readonly #known = new Map<string, Map<string, Known>>();
  /** Kinds whose names have had their ranks since the last of them came or went. */
  readonly #ranked = new Set<string>();
  #forgotMs = Number.NEGATIVE_INFINITY;
  #cap = Number.POSITIVE_INFINITY;

  constructor(limits: SeriesLimits, named: ReadonlySet<string>) {
    this.#limits = limits;
    this.#named = named;
  }

  /** From now on these are the names that the config gives. */
  prefer(named: ReadonlySet<string>): void {
    this.#named = named;
    this.#ranked.clear();
  }

  /** Splits one tick's samples; `taken` is the cost of series that have their places already. */
  divide(samples: readonly Sample[], taken: number, nowMs: number): Divided {
    this.#remember(samples, nowMs);
    const allowed = this.#allowed(samples, this.#limits.total - taken);
    if (allowed.size === 0) return { kept: samples, folded: [] };
    const kept: Sample[] = [];
    const folded: Sample[] = [];
    samples.forEach((sample) => {
      const limit = allowed.get(sample.metric);
      (limit === undefined || this.#rank(sample) < limit ? kept : folded).push(sample);
    });
    return { kept, folded };
  }

  #remember(samples: readonly Sample[], nowMs: number): void {
    samples.forEach((sample) => {
      const kind = entityKind(sample.metric);
      if (kind === "") return;
      const name = entityName(sample);
      const names = this.#known.get(kind) ?? new Map<string, Known>();
      if (names.size === 0) this.#known.set(kind, names);
      const known = names.get(name);
      if (known) {
        known.lastSeenMs = nowMs;
        return;
      }
      names.set(name, { firstSeenMs: nowMs, lastSeenMs: nowMs, rank: 0 });
      this.#ranked.delete(kind);
    });
    for (const [kind, names] of this.#known) if (names.size > maxRemembered) this.#forgetBefore(nowMs, kind, names);
  }

  #forgetBefore(ms: number, kind: string, names: Map<string, Known>): void {
    names.forEach(({ lastSeenMs }, name) => {
      if (lastSeenMs >= ms) return;
      names.delete(name);
      this.#ranked.delete(kind);
    });
  }

  /** For each metric over a limit: how many names it may keep. Undefined for the others. */
  #allowed(samples: readonly Sample[], budget: number): Map<Metric, number> {
    const counted = new Map<Metric, number>();
    samples.forEach(({ metric }) => counted.set(metric, (counted.get(metric) ?? 0) + 1));
    const open = [...counted].filter(([metric]) => entityKind(metric) !== "");
    const sizes = open.map(([metric, size]) => ({ metric, size, cost: seriesCost(metric) }));
    const fixed = samples.length - sizes.reduce((sum, { size }) => sum + size, 0);
    const most = sizes.map(({ size, cost }) => Math.min(size, Math.floor(this.#limits.perMetric / cost)));
    this.#setCap(largestCap(sizes, most, Math.max(0, budget - fixed)));
    const over = sizes.flatMap(({ metric, size }, index) => {
      const limit = Math.min(most[index] ?? 0, this.#cap);
      return size > limit ? [{ metric, size, limit }] : [];
    });
    return this.#namesAllowed(samples, over);
  }

  /** How many names keep their places, of metrics that have too many samples. */
  #namesAllowed(samples: readonly Sample[], over: readonly Crowded[]): Map<Metric, number> {
    const names = new Map(over.map(({ metric }) => [metric, new Set<string>()]));
    if (over.length > 0) samples.forEach((sample) => names.get(sample.metric)?.add(entityName(sample)));
    const allowed = over.map(({ metric, size, limit }) => {
      this.#order(entityKind(metric));
      // One place is for `other` itself.
      return [metric, Math.max(0, Math.floor((limit * (names.get(metric)?.size ?? 0)) / size) - 1)] as const;
    });
    return new Map(allowed);
  }

  /** A cap that moves up and down with each tick would make series come and go: it rises only when there is room again. */
  #setCap(cap: number): void {
    if (cap < this.#cap || cap > this.#cap * 1.1) this.#cap = cap;
  }

  #order(kind: string): void {
    if (this.#ranked.has(kind)) return;
    this.#ranked.add(kind);
    const names = [...(this.#known.get(kind) ?? [])];
    names.sort(
      ([a, one], [b, two]) =>
        Number(this.#isNamed(b)) - Number(this.#isNamed(a)) || one.firstSeenMs - two.firstSeenMs || (a < b ? -1 : 1),
    );
    names.forEach(([, known], index) => (known.rank = index));
  }

  #isNamed(name: string): boolean {
    return this.#named.has(name);
  }

  #rank(sample: Sample): number {
    return this.#known.get(entityKind(sample.metric))?.get(entityName(sample))?.rank ?? Number.POSITIVE_INFINITY;
  }

  /** Whether a metric that has `size` series may have one more, when all series with places of their own cost `taken`. */
  hasRoom(metric: Metric, size: number, taken: number): boolean {
    if (entityKind(metric) === "") return true;
    const cost = seriesCost(metric);
    // Half of the whole is kept for state: a flood of new error types must not push the queues out.
    return (size + 2) * cost <= this.#limits.perMetric && taken + cost <= this.#limits.total / 2;
  }

  /** Forgets names that have not been seen for a day. */
  forget(nowMs: number): void {
    if (nowMs - this.#forgotMs < lookEveryMs) return;
    this.#forgotMs = nowMs;
    for (const [kind, names] of this.#known) this.#forgetBefore(nowMs - forgetAfterMs, kind, names);
  }
}

/** The values of a sample's attributes under `other`. */
export function valuesOfOther({ metric, values }: Sample): readonly string[] {
  const { places, others } = entityOf(metric);
  return places.length === values.length
    ? others
    : values.map((value, index) => (places.includes(index) ? other : value));
}

interface Entity {
  /** The open attributes; empty where there are none. */
  readonly kind: string;
  /** Their places among the metric's attributes. */
  readonly places: readonly number[];
  /** As many times `other`. */
  readonly others: readonly string[];
}

const entities = new WeakMap<Metric, Entity>();

function entityOf(metric: Metric): Entity {
  let entity = entities.get(metric);
  if (!entity) {
    const open = metric.attributes.filter(isOpen);
    entity = {
      kind: open.join("\0"),
      places: open.map((name) => metric.attributes.indexOf(name)),
      others: open.map(() => other),
    };
    entities.set(metric, entity);
  }
  return entity;
}

/** What competes for places: which open attributes a metric has. */
function entityKind(metric: Metric): string {
  return entityOf(metric).kind;
}

/** … and their values in a sample. */
function entityName({ metric, values }: Sample): string {
  const { places } = entityOf(metric);
  const first = places[0];
  if (places.length === 1 && first !== undefined) return values[first] ?? "";
  return places.map((place) => values[place] ?? "").join("\0");
}

/** The largest number of points that every metric may have, so that all of them stay within the budget. */
function largestCap(sizes: readonly { cost: number }[], most: readonly number[], budget: number): number {
  const costAt = (cap: number): number =>
    sizes.reduce((sum, { cost }, index) => sum + cost * Math.min(most[index] ?? 0, cap), 0);
  if (costAt(Number.POSITIVE_INFINITY) <= budget) return Number.POSITIVE_INFINITY;
  let low = 1;
  let high = Math.max(1, ...most);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (costAt(middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return low;
}

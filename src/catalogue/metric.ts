/** Every attribute that a metric of ours can carry. Short, and always on the data point, never only on the resource. */
export type Attribute =
  | "system"
  | "target"
  | "environment"
  | "queue"
  | "team"
  | "severity"
  | "job.class"
  | "error.type"
  | "set"
  | "state"
  | "host.name"
  | "version"
  | "direction"
  | "schedule"
  | "policy"
  | "role"
  | "db"
  | "reason"
  | "destination"
  | "outcome";

/** State is a gauge, totals are counters (monotonic cumulative sums), durations are histograms. */
export type Kind = "gauge" | "counter" | "histogram";

/** Whom a metric is about; decides the attributes that every point of it carries besides its own (see `commonAttributes`). */
export type Scope = "target" | "agent";

/**
 * How a number relates to the truth: `exact`; `lower bound` and `upper bound` as said;
 * `sample`: true at the moment it was written, but rewritten only now and then (a heartbeat); `estimate`: computed.
 */
export type Accuracy = "exact" | "lower bound" | "upper bound" | "sample" | "estimate";

/** How several points of one metric become one: by folding into `other`, in PromQL, and in what the docs promise. */
export type Combine = "sum" | "max" | "min";

/** The value of one histogram point: `counts` has one entry more than the metric's `bounds`. */
export interface HistogramValue {
  readonly counts: readonly number[];
  /** Sum of all observations, in the metric's unit. */
  readonly sum: number;
}

export type ValueOf<K extends Kind> = K extends "histogram" ? HistogramValue : number;

/** One metric: the only place where its name, unit, attributes and meaning are said. */
export interface Metric<A extends Attribute = Attribute, K extends Kind = Kind> {
  /** OpenTelemetry name: lower case, dots; no unit and no `total` in it. */
  readonly name: string;
  readonly kind: K;
  /** UCUM unit as OpenTelemetry writes it: `s`, `By`, `1`, or an annotation such as `{job}`. */
  readonly unit: string;
  /** One sentence for people: the OTLP description, `# HELP` and the docs. */
  readonly help: string;
  readonly scope: Scope;
  /** Its own attributes, besides `commonAttributes[scope]`. A point carries all of them, and no other. */
  readonly attributes: readonly A[];
  readonly combine: Combine;
  /**
   * The attributes over which adding points up makes sense; empty where it never does. For `max` and `min` it stays empty.
   * Over other attributes a point counts the same thing twice (the slots of a process that serves three queues).
   */
  readonly sumOver: readonly A[];
  readonly accuracy: Accuracy;
  /** Upper bounds of a histogram's buckets, in its unit, without the last one (infinity). */
  readonly bounds: readonly number[];
  /** False for a total that Redis keeps: exported as it is, with no start time until a reset was seen. */
  readonly startsAtZero: boolean;
}

/** The attributes that every point of a scope carries; `environment` only where the config names one. */
export const commonAttributes = {
  target: ["environment", "system", "target"],
  agent: ["environment"],
} as const satisfies Record<Scope, readonly Attribute[]>;

/** The attributes a caller must give for a metric: exactly its own, each a string. */
export type AttributesOf<M extends Metric> = Readonly<Record<M extends Metric<infer A> ? A : never, string>>;

/**
 * A metric as `defineMetric` returns it. The type checker also knows how its points combine (`C`), over which of its own
 * attributes they may be summed (`S`) and whom it is about (`P`), so that a query which sums latencies does not compile.
 */
export type Declared<A extends Attribute, K extends Kind, C extends Combine, S extends A, P extends Scope> = Metric<
  A,
  K
> & { readonly combine: C; readonly sumOver: readonly S[]; readonly scope: P };

/** Over which attributes a metric is summed when it does not say: all of them, or none for `max` and `min`. */
type DefaultSumOver<A extends Attribute, C extends Combine> = [C] extends ["sum"] ? A : never;

/** What `defineMetric` takes: a `Metric` less what can be derived. */
export interface MetricInput<
  A extends Attribute,
  K extends Kind,
  C extends Combine = Combine,
  S extends A = A,
  P extends Scope = Scope,
> {
  readonly name: string;
  readonly kind: K;
  readonly unit: string;
  readonly help: string;
  /** Default: `target`. */
  readonly scope?: P;
  readonly attributes?: readonly A[];
  /** Default: `sum` for counters and histograms, else it must be said. */
  readonly combine?: C;
  /** Default: all attributes where `combine` is `sum`. */
  readonly sumOver?: readonly S[];
  readonly accuracy?: Accuracy;
  readonly bounds?: readonly number[];
  readonly startsAtZero?: boolean;
}

/** Declares a metric. Attributes are inferred as literal types, so that a missing or surplus one does not compile. */
export function defineMetric<
  const A extends Attribute = never,
  const K extends Kind = Kind,
  const C extends Combine = "sum",
  const S extends NoInfer<A> = DefaultSumOver<A, C>,
  const P extends Scope = "target",
>(input: MetricInput<A, K, C, S, P>): Declared<A, K, C, S, P>;
export function defineMetric(input: MetricInput<Attribute, Kind>): Metric {
  const attributes = input.attributes ?? [];
  const combine = input.combine ?? "sum";
  return Object.freeze({
    name: input.name,
    kind: input.kind,
    unit: input.unit,
    help: input.help,
    scope: input.scope ?? "target",
    attributes,
    combine,
    sumOver: input.sumOver ?? (combine === "sum" ? attributes : []),
    accuracy: input.accuracy ?? "exact",
    bounds: input.bounds ?? [],
    startsAtZero: input.startsAtZero ?? true,
  });
}

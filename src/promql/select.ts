import { type Expr, make } from "./expr.ts";
import { labelMatchers, type Matchers, not } from "./matcher.ts";
import type { LabelMatcher, Node, SelectorNode, Window } from "./node.ts";
import { labelsOf, type LabelsOf, nameOf, type Source, type SumsOf } from "./source.ts";

/**
 * The leaves: every one is folded to one series for each set of declared labels, because the same point may arrive
 * twice (two agents that watch one target, an agent that came back under another instance id).
 */

type Gauge = Source<"gauge">;
type Counter = Source<"counter">;
type Histogram = Source<"histogram">;

/** The present value of a gauge. */
export function select<M extends Gauge>(metric: M, where?: Matchers<LabelsOf<M>>): Expr<LabelsOf<M>, SumsOf<M>> {
  return leaf(metric, selector(metric, where));
}

/** Growth of a counter per second, over the window. */
export function rate<M extends Counter>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M>, SumsOf<M>> {
  return leaf(metric, call("rate", { ...selector(metric, where), window }));
}

/** Growth of a counter over the window. */
export function increase<M extends Counter>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M>, SumsOf<M>> {
  return leaf(metric, call("increase", { ...selector(metric, where), window }));
}

/** When a gauge was last seen, in seconds since 1970. */
export function lastSeen<M extends Gauge>(metric: M, where?: Matchers<LabelsOf<M>>): Expr<LabelsOf<M>> {
  return leaf(metric, call("timestamp", selector(metric, where)));
}

/** Observations per second by bucket: cumulative, `le` is the bucket's upper bound. */
export function bucketRate<M extends Histogram>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M> | "le", SumsOf<M>> {
  return leaf(metric, call("rate", { ...selector(metric, where, "_bucket"), window }), ["le"]);
}

/** Growth of the buckets over the window: cumulative, `le` is the bucket's upper bound. */
export function bucketIncrease<M extends Histogram>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M> | "le", SumsOf<M>> {
  return leaf(metric, call("increase", { ...selector(metric, where, "_bucket"), window }), ["le"]);
}

/** Observations of a histogram per second. */
export function observationRate<M extends Histogram>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M>, SumsOf<M>> {
  return leaf(metric, call("rate", { ...selector(metric, where, "_count"), window }));
}

/** What a histogram's observations add up to, per second: its mean is this divided by `observationRate`. */
export function observedRate<M extends Histogram>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Expr<LabelsOf<M>, SumsOf<M>> {
  return leaf(metric, call("rate", { ...selector(metric, where, "_sum"), window }));
}

/** @internal */
export function leaf<L extends string, S extends string>(
  metric: Source,
  node: Node,
  more: readonly string[] = [],
): Expr<L, S> {
  const labels = [...labelsOf(metric), ...more];
  if ("repeated" in metric && !metric.repeated) return make(node, labels);
  return make({ kind: "aggregate", operator: "max", by: labels, of: node }, labels);
}

/** @internal The series of a source; `suffix` is that of a histogram's series. */
export function selector(
  metric: Source,
  where: Matchers<string> | undefined,
  suffix: "" | "_bucket" | "_count" | "_sum" = "",
): SelectorNode {
  const matchers = [...ownership(metric), ...labelMatchers(where ?? {})];
  return { kind: "selector", name: `${nameOf(metric)}${suffix}`, matchers };
}

/** Other exporters use the names of `redis.*` too; only ours say the target. */
function ownership(metric: Source): LabelMatcher[] {
  const shared = "name" in metric && metric.name.startsWith("redis.");
  return shared ? labelMatchers({ target: not("") }) : [];
}

function call(name: string, argument: Node): Node {
  return { kind: "call", name, arguments: [argument] };
}

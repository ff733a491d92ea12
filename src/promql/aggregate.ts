import { type Expr, make, numberNode, type Query } from "./expr.ts";
import { labelName, type LabelsOf, type Source, type SumsOf } from "./source.ts";
import type { Matchers } from "./matcher.ts";
import type { AggregateNode, Node, Window } from "./node.ts";
import { bucketRate } from "./select.ts";

/** What a sum has to be able to add over: the labels that it does not keep. */
type Summable<L extends string, S extends string, K extends string> = [Exclude<L, K>] extends [S]
  ? unknown
  : { readonly "cannot be summed over": Exclude<L, K | S> };

/** The sum; only over labels over which the catalogue says that summing makes sense. */
export function sumBy<L extends string, S extends string, const K extends L>(
  of: Expr<L, S> & Summable<L, S, K>,
  keep: readonly K[],
): Expr<K, S & K> {
  return aggregate("sum", of, keep);
}

/** The largest value. */
export function maxBy<L extends string, const K extends L>(of: Expr<L>, keep: readonly K[]): Expr<K> {
  return aggregate("max", of, keep);
}

/** The smallest value. */
export function minBy<L extends string, const K extends L>(of: Expr<L>, keep: readonly K[]): Expr<K> {
  return aggregate("min", of, keep);
}

/** The mean of the series (each counts once, however large what it stands for). */
export function avgBy<L extends string, const K extends L>(of: Expr<L>, keep: readonly K[]): Expr<K> {
  return aggregate("avg", of, keep);
}

/** How many series there are; none where there are none. */
export function countBy<L extends string, const K extends L>(of: Expr<L>, keep: readonly K[]): Expr<K, K> {
  return aggregate("count", of, keep);
}

/** The quantile (0 to 1) among the series' values; for that of a histogram see `quantile`. */
export function quantileBy<L extends string, const K extends L>(
  quantileOf: number,
  of: Expr<L>,
  keep: readonly K[],
): Expr<K> {
  return aggregate("quantile", of, keep, quantileOf);
}

/** The series with the largest values, at most `count` for each combination of the labels `by`. */
export function topk<L extends string, S extends string>(
  count: number,
  of: Expr<L, S>,
  by: readonly L[] = [],
): Expr<L, S> {
  return make(node("topk", of.node, by, count), of.labels);
}

/** What a quantile is taken of. */
export interface QuantileOptions<L extends string, K extends L> {
  readonly window: Window;
  readonly by: readonly K[];
  readonly where?: Matchers<L>;
}

/** The quantile (0 to 1) of a histogram's observations in the window, for each combination of the labels `by`. */
export function quantile<M extends Source<"histogram">, const K extends LabelsOf<M>>(
  quantileOf: number,
  metric: M & Summable<LabelsOf<M>, SumsOf<M>, K>,
  options: QuantileOptions<LabelsOf<M>, K>,
): Expr<K> {
  const buckets = bucketRate<M>(metric, options.window, options.where);
  const summed = aggregate<K | "le", never>("sum", buckets, [...options.by, "le"]);
  const labels = options.by.map(labelName);
  return make({ kind: "call", name: "histogram_quantile", arguments: [numberNode(quantileOf), summed.node] }, labels);
}

function aggregate<K extends string, S extends string>(
  operator: string,
  of: Query,
  keep: readonly K[],
  parameter?: number,
): Expr<K, S> {
  const merged = mergeable(operator, of.node) ? of.node.of : of.node;
  return make(node(operator, merged, keep, parameter), keep.map(labelName));
}

/** The largest of largest values is the largest: the inner aggregation can go. */
function mergeable(operator: string, of: Node): of is AggregateNode {
  return of.kind === "aggregate" && of.operator === operator && (operator === "max" || operator === "min");
}

function node(operator: string, of: Node, by: readonly string[], parameter?: number): AggregateNode {
  return { kind: "aggregate", operator, by: by.map(labelName), of, ...(parameter === undefined ? {} : { parameter }) };
}

import { type Expr, make, numberNode } from "./expr.ts";
import type { Matchers } from "./matcher.ts";
import type { Duration, Node, SelectorNode, SubqueryNode, Window } from "./node.ts";
import { leaf, selector } from "./select.ts";
import type { LabelsOf, Source, SumsOf } from "./source.ts";

/** Values over a stretch of time: of a gauge as it was received, or of any expression at regular steps. */
export interface Range<L extends string = string, S extends string = never> {
  readonly values: SelectorNode | SubqueryNode;
  /** Makes the expression from the node in which a function takes the values. */
  readonly finish: (node: Node) => Expr<L, S>;
  readonly "~labels"?: (label: L) => L;
  readonly "~sums"?: (label: S) => void;
}

/** A gauge over a window. */
export function range<M extends Source<"gauge">>(
  metric: M,
  window: Window,
  where?: Matchers<LabelsOf<M>>,
): Range<LabelsOf<M>, SumsOf<M>> {
  return { values: { ...selector(metric, where), window }, finish: (node) => leaf(metric, node) };
}

/** An expression over a window, computed at each step; without a step at each evaluation interval of the server. */
export function subquery<L extends string, S extends string>(
  of: Expr<L, S>,
  window: Window,
  step?: Duration,
): Range<L, S> {
  const values: SubqueryNode = { kind: "subquery", of: of.node, window, ...(step === undefined ? {} : { step }) };
  return { values, finish: (node) => make(node, of.labels) };
}

/** Mean over the window. */
export function avgOverTime<L extends string, S extends string>(of: Range<L, S>): Expr<L, S> {
  return apply("avg_over_time", of);
}

/** Largest value in the window. */
export function maxOverTime<L extends string>(of: Range<L>): Expr<L> {
  return apply("max_over_time", of);
}

/** Smallest value in the window. */
export function minOverTime<L extends string>(of: Range<L>): Expr<L> {
  return apply("min_over_time", of);
}

/** Number of values in the window. */
export function countOverTime<L extends string>(of: Range<L>): Expr<L> {
  return apply("count_over_time", of);
}

/** 1 where there was any value in the window. */
export function presentOverTime<L extends string>(of: Range<L>): Expr<L> {
  return apply("present_over_time", of);
}

/** How often the value changed in the window. */
export function changes<L extends string>(of: Range<L>): Expr<L> {
  return apply("changes", of);
}

/** Last less first value, extrapolated to the window. */
export function delta<L extends string, S extends string>(of: Range<L, S>): Expr<L, S> {
  return apply("delta", of);
}

/** Growth per second by linear regression over the window. */
export function deriv<L extends string, S extends string>(of: Range<L, S>): Expr<L, S> {
  return apply("deriv", of);
}

/** Value that linear regression over the window predicts in `seconds`. */
export function predictLinear<L extends string, S extends string>(of: Range<L, S>, seconds: number): Expr<L, S> {
  return apply("predict_linear", of, { after: [numberNode(seconds)] });
}

/** The quantile (0 to 1) of the values in the window. */
export function quantileOverTime<L extends string>(quantile: number, of: Range<L>): Expr<L> {
  return apply("quantile_over_time", of, { before: [numberNode(quantile)] });
}

interface MoreArguments {
  readonly before?: readonly Node[];
  readonly after?: readonly Node[];
}

function apply<L extends string, S extends string>(
  name: string,
  of: Range<L, S>,
  more: MoreArguments = {},
): Expr<L, S> {
  return of.finish({ kind: "call", name, arguments: [...(more.before ?? []), of.values, ...(more.after ?? [])] });
}

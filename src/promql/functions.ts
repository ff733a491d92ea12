import { type Expr, make, numberNode, type Query, type Scalar } from "./expr.ts";
import type { Node } from "./node.ts";
import { labelName } from "./source.ts";

/** At least `least`. */
export function clampMin<L extends string, S extends string>(of: Expr<L, S>, least: number): Expr<L, S> {
  return call("clamp_min", of, [numberNode(least)]);
}

/** 1 when the expression has no series, else nothing. */
export function absent(of: Query): Expr<never> {
  return make({ kind: "call", name: "absent", arguments: [of.node] }, []);
}

/** What `label_replace` writes: `replacement` (`$1` is the first group) where `regex` matches the whole of `from`. */
export interface LabelRewrite<L extends string, D extends string> {
  readonly to: D;
  readonly replacement: string;
  readonly from: L;
  readonly regex: string;
}

/** Sets a label from another. */
export function labelReplace<L extends string, const D extends string>(
  of: Expr<L>,
  { to, replacement, from, regex }: LabelRewrite<NoInfer<L>, D>,
): Expr<L | D> {
  const texts = [labelName(to), replacement, labelName(from), regex];
  const args = texts.map((value): Node => ({ kind: "text", value }));
  const labels = [...new Set([...of.labels, labelName(to)])];
  return make({ kind: "call", name: "label_replace", arguments: [of.node, ...args] }, labels);
}

/** One series without labels. */
export function vector(value: number | Scalar): Expr<never> {
  const node = typeof value === "number" ? numberNode(value) : value.scalar;
  return make({ kind: "call", name: "vector", arguments: [node] }, []);
}

/** The value of the only series; NaN where there is none. */
export function scalar(of: Expr<never>): Scalar {
  return { scalar: { kind: "call", name: "scalar", arguments: [of.node] } };
}

/** When the query is evaluated, in seconds since 1970. */
export function time(): Scalar {
  return { scalar: { kind: "call", name: "time", arguments: [] } };
}

/** Hour of the day in UTC, 0 to 23: now, or of the times that an expression holds. */
export function hour(): Expr<never>;
export function hour<L extends string>(of: Expr<L>): Expr<L>;
export function hour(of?: Query): Query {
  return calendar("hour", of);
}

/** Day of the week in UTC, 0 is Sunday: today, or of the times that an expression holds. */
export function dayOfWeek(): Expr<never>;
export function dayOfWeek<L extends string>(of: Expr<L>): Expr<L>;
export function dayOfWeek(of?: Query): Query {
  return calendar("day_of_week", of);
}

function calendar(name: string, of: Query | undefined): Query {
  return of === undefined ? make({ kind: "call", name, arguments: [] }, []) : call(name, of);
}

function call<L extends string, S extends string>(name: string, of: Query, more: readonly Node[] = []): Expr<L, S> {
  return make({ kind: "call", name, arguments: [of.node, ...more] }, of.labels);
}

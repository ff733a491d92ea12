import { type Expr, make, type Query, type Scalar, scalarNode } from "./expr.ts";
import type { BinaryNode, BinaryOperator, Node } from "./node.ts";
import { labelName } from "./source.ts";

/** Which series of two sides belong together: those that agree in the labels `K`. */
export interface Match<K extends string> {
  readonly on: readonly K[];
  readonly include?: never;
}

/** As `Match`, but many series of the left side may share one of the right, whose labels `I` they take over. */
export interface GroupLeft<K extends string, I extends string> {
  readonly on: readonly K[];
  readonly include: readonly I[];
}

/** Series that agree in these labels, and in no others, belong together; the result carries only these. */
export function on<const K extends string = never>(...labels: readonly K[]): Match<K> {
  return { on: labels };
}

/** Many series of the left side meet one of the right that agrees in `labels`; the left side keeps its labels. */
export function groupLeft<const K extends string, const I extends string = never>(
  labels: readonly K[],
  include: readonly I[] = [],
): GroupLeft<K, I> {
  return { on: labels, include };
}

type Operand = number | Scalar | Query;
type Matching = Match<string> | GroupLeft<string, string>;

/** Arithmetic where sums survive only a factor: two vectors' quotient or product does not add up. */
interface Scaling {
  <L extends string, S extends string>(left: Expr<L, S>, right: number | Scalar): Expr<L, S>;
  <L extends string>(left: number | Scalar, right: Expr<L>): Expr<L>;
  <L extends string>(left: Expr<L>, right: Expr<L>): Expr<L>;
  <L extends string, R extends string, const K extends L & R>(
    left: Expr<L>,
    right: Expr<R>,
    matching: Match<K>,
  ): Expr<K>;
  <L extends string, R extends string, const K extends L & R, const I extends R>(
    left: Expr<L>,
    right: Expr<R>,
    matching: GroupLeft<K, I>,
  ): Expr<L | I>;
}

/** Arithmetic where the sum of the results is the result of the sums, if both sides may be summed. */
interface Adding {
  <L extends string>(left: Expr<L>, right: number | Scalar): Expr<L>;
  <L extends string>(left: number | Scalar, right: Expr<L>): Expr<L>;
  <L extends string, S extends string, T extends string>(left: Expr<L, S>, right: Expr<L, T>): Expr<L, S & T>;
  <L extends string, R extends string, const K extends L & R>(
    left: Expr<L>,
    right: Expr<R>,
    matching: Match<K>,
  ): Expr<K>;
  <L extends string, R extends string, const K extends L & R, const I extends R>(
    left: Expr<L>,
    right: Expr<R>,
    matching: GroupLeft<K, I>,
  ): Expr<L | I>;
}

/** A comparison that keeps the series of the left side for which it holds. See also `bool`. */
export interface Comparison<L extends string, S extends string = never> extends Expr<L, S> {
  readonly node: BinaryNode;
}

interface Comparing {
  <L extends string, S extends string>(left: Expr<L, S>, right: number | Scalar | Expr<L>): Comparison<L, S>;
  <L extends string, R extends string, const K extends L & R>(
    left: Expr<L>,
    right: Expr<R>,
    matching: Match<K>,
  ): Comparison<K>;
  <L extends string, S extends string, R extends string, const K extends L & R, const I extends R>(
    left: Expr<L, S>,
    right: Expr<R>,
    matching: GroupLeft<K, I>,
  ): Comparison<L | I, S>;
}

/** A set operation that keeps series of the left side, with all their labels. */
interface Keeping {
  <L extends string, S extends string>(left: Expr<L, S>, right: Expr<L>): Expr<L, S>;
  <L extends string, S extends string, R extends string, const K extends L & R>(
    left: Expr<L, S>,
    right: Expr<R>,
    matching: Match<K>,
  ): Expr<L, S>;
}

export const multiply: Scaling = (left: Operand, right: Operand, matching?: Matching) =>
  binary("*", left, right, matching);
export const divide: Scaling = (left: Operand, right: Operand, matching?: Matching) =>
  binary("/", left, right, matching);
export const add: Adding = (left: Operand, right: Operand, matching?: Matching) => binary("+", left, right, matching);
export const subtract: Adding = (left: Operand, right: Operand, matching?: Matching) =>
  binary("-", left, right, matching);

export const above: Comparing = (left: Operand, right: Operand, matching?: Matching) =>
  binary(">", left, right, matching);
export const atLeast: Comparing = (left: Operand, right: Operand, matching?: Matching) =>
  binary(">=", left, right, matching);
export const below: Comparing = (left: Operand, right: Operand, matching?: Matching) =>
  binary("<", left, right, matching);
export const atMost: Comparing = (left: Operand, right: Operand, matching?: Matching) =>
  binary("<=", left, right, matching);
export const equal: Comparing = (left: Operand, right: Operand, matching?: Matching) =>
  binary("==", left, right, matching);
/** Series of the left side that have a partner on the right. */
export const and: Keeping = (left: Operand, right: Operand, matching?: Matching) =>
  binary("and", left, right, matching);
/** Series of the left side that have no partner on the right. */
export const unless: Keeping = (left: Operand, right: Operand, matching?: Matching) =>
  binary("unless", left, right, matching);

/** All series of the left side, and those of the right that have no partner there. */
export function or<L extends string, S extends string, T extends string>(
  left: Expr<L, S>,
  right: Expr<L, T>,
  matching?: Match<L>,
): Expr<L, S & T> {
  return binary("or", left, right, matching);
}

/** 1 where the comparison holds and 0 where it does not, instead of keeping and dropping series. */
export function bool<L extends string, S extends string>(comparison: Comparison<L, S>): Expr<L, S> {
  return make({ ...comparison.node, bool: true }, comparison.labels);
}

function binary<L extends string, S extends string>(
  operator: BinaryOperator,
  left: Operand,
  right: Operand,
  matching: Matching | undefined,
): Comparison<L, S> {
  const node: BinaryNode = {
    kind: "binary",
    operator,
    left: operandNode(left),
    right: operandNode(right),
    ...(matching === undefined ? {} : { on: matching.on.map(labelName) }),
    ...(matching?.include !== undefined ? { groupLeft: matching.include.map(labelName) } : {}),
  };
  return { node, labels: resultLabels(node, labelsOfOperand(left) ?? labelsOfOperand(right) ?? []) };
}

function operandNode(operand: Operand): Node {
  return typeof operand === "object" && "node" in operand ? operand.node : scalarNode(operand);
}

function labelsOfOperand(operand: Operand): readonly string[] | undefined {
  return typeof operand === "object" && "node" in operand ? operand.labels : undefined;
}

function resultLabels(node: BinaryNode, left: readonly string[]): readonly string[] {
  if (node.groupLeft !== undefined) return [...new Set([...left, ...node.groupLeft])];
  const keepsLeft = node.operator === "and" || node.operator === "unless" || node.operator === "or";
  return node.on === undefined || keepsLeft ? left : node.on;
}

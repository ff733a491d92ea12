import { mapSelectors, type Duration, type Node, type NumberNode } from "./node.ts";
import { renderNode } from "./render.ts";

/** Any expression that can be shown or stored, whatever its labels. */
export interface Query {
  readonly node: Node;
  /** Prometheus names of the labels that its series carry. */
  readonly labels: readonly string[];
}

/**
 * An instant vector whose series carry the labels `L` (catalogue names, e.g. `job.class`), and whose values may be
 * added up over the labels `S`. What would name another label or add up what does not add does not compile.
 */
export interface Expr<L extends string = string, S extends string = never> extends Query {
  /** Only for the type checker: `L` is exact, neither fewer labels nor more. */
  readonly "~labels"?: (label: L) => L;
  /** Only for the type checker: may be summed over fewer labels than it could be, not over more. */
  readonly "~sums"?: (label: S) => void;
}

/** A value without labels that matches every series: a number, `time()`, `scalar(…)`. */
export interface Scalar {
  readonly scalar: Node;
}

/** The text of a query, the same for the same expression. */
export function render(query: Query): string {
  return renderNode(query.node);
}

/** @internal Only the functions of this folder make expressions. */
export function make<L extends string, S extends string>(node: Node, labels: readonly string[]): Expr<L, S> {
  return { node, labels };
}

/** @internal */
export function numberNode(value: number): NumberNode {
  return { kind: "number", value };
}

/** @internal */
export function scalarNode(value: number | Scalar): Node {
  return typeof value === "number" ? numberNode(value) : value.scalar;
}

/** The expression as it was `ago` (`1w`): every selector in it is moved back. May be applied once. */
export function offset<L extends string, S extends string>(of: Expr<L, S>, ago: Duration): Expr<L, S> {
  return make(
    mapSelectors(of.node, (selector) => ({ ...selector, offset: ago })),
    of.labels,
  );
}

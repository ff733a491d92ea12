import { parser } from "@prometheus-io/lezer-promql";
import { fill } from "./promql.ts";

/** One selector of a query, as Prometheus's grammar reads it. */
export interface SelectorOfQuery {
  readonly name: string;
  /** Labels that it matches, and labels by which aggregations around it group. */
  readonly labels: readonly string[];
  /** The function that takes it, if one does. */
  readonly call: string | undefined;
  readonly text: string;
}

/** All selectors of a query. */
export function selectorsOf(query: string): SelectorOfQuery[] {
  const text = fill(query);
  const found: SelectorOfQuery[] = [];
  const words = (nodes: readonly SyntaxNode[]) => nodes.map(({ from, to }) => text.slice(from, to));
  parser.parse(text).iterate({
    enter: ({ node }) => {
      if (node.name !== "VectorSelector") return;
      const [name = ""] = words(node.getChildren("Identifier"));
      const matched = inside(inside([node], "LabelMatchers"), "UnquotedLabelMatcher");
      const grouping = inside(inside(nearest(node.parent, "AggregateExpr"), "AggregateModifier"), "GroupingLabels");
      const called = nearest(node.parent, "FunctionCall", "AggregateExpr").filter((one) => one.name === "FunctionCall");
      const labels = [...inside(matched, "LabelName"), ...inside(grouping, "LabelName")];
      found.push({ name, labels: words(labels), call: words(inside(called, "FunctionIdentifier"))[0], text });
    },
  });
  return found;
}

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

function inside(nodes: readonly SyntaxNode[], kind: string): SyntaxNode[] {
  return nodes.flatMap((node) => node.getChildren(kind));
}

/** The closest of these kinds around a node, as a list of one; empty where there is none. */
function nearest(from: SyntaxNode | null, ...kinds: readonly string[]): SyntaxNode[] {
  for (let node = from; node; node = node.parent) if (kinds.includes(node.name)) return [node];
  return [];
}

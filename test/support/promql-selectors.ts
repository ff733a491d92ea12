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
  parser.parse(text).iterate({
    enter: ({ node }) => {
      if (node.name !== "VectorSelector") return;
      const name = node.getChild("Identifier");
      const matched = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
      const labels = matched.map((matcher) => matcher.getChild("LabelName")).filter((label) => label !== null);
      const around = nearest(node.parent, "AggregateExpr");
      const grouping =
        around?.getChild("AggregateModifier")?.getChild("GroupingLabels")?.getChildren("LabelName") ?? [];
      const called = nearest(node.parent, "FunctionCall", "AggregateExpr");
      const identifier = called?.name === "FunctionCall" ? called.getChild("FunctionIdentifier") : null;
      found.push({
        name: name ? text.slice(name.from, name.to) : "",
        labels: [...labels, ...grouping].map(({ from, to }) => text.slice(from, to)),
        call: identifier ? text.slice(identifier.from, identifier.to) : undefined,
        text,
      });
    },
  });
  return found;
}

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

function nearest(from: SyntaxNode | null, ...names: readonly string[]): SyntaxNode | null {
  for (let node = from; node; node = node.parent) if (names.includes(node.name)) return node;
  return null;
}

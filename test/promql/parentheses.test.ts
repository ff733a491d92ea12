import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BinaryNode, Node } from "../../src/promql/node.ts";
import { renderNode } from "../../src/promql/render.ts";
import { grammarTree } from "../support/promql.ts";

const arithmetic = ["*", "/", "%", "+", "-"] as const;
const comparisons = ["==", "!=", ">", ">=", "<", "<="] as const;
const sets = ["and", "unless", "or"] as const;

const { node: nodes } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<Node>(
      { kind: "selector", name: "a", matchers: [] },
      { kind: "selector", name: "b", matchers: [] },
      { kind: "number", value: 2 },
      { kind: "number", value: 0.5 },
    ),
    fc.record({ kind: fc.constant("call" as const), name: fc.constant("abs"), arguments: fc.tuple(tie("node")) }),
    fc.record({
      kind: fc.constant("aggregate" as const),
      operator: fc.constantFrom("max", "sum"),
      by: fc.constantFrom([], ["x", "y"]),
      of: tie("node"),
    }),
    tie("node").map((of): Node => ({
      kind: "call",
      name: "max_over_time",
      arguments: [{ kind: "subquery", of, window: "1h" }],
    })),
    fc.record(
      {
        kind: fc.constant("binary" as const),
        operator: fc.constantFrom(...arithmetic, ...comparisons, ...sets),
        left: tie("node"),
        right: tie("node"),
        on: fc.constantFrom<string[]>([], ["x"]),
      },
      { requiredKeys: ["kind", "operator", "left", "right"] },
    ),
    fc.record({
      kind: fc.constant("binary" as const),
      operator: fc.constantFrom(...arithmetic),
      left: tie("node"),
      right: tie("node"),
      on: fc.constant(["x"]),
      groupLeft: fc.constantFrom<string[]>([], ["y"]),
    }),
  ),
}));

/** The same expression with every operand in parentheses. */
function careful(node: Node): string {
  if (node.kind === "call") return `${node.name}(${node.arguments.map(careful).join(", ")})`;
  if (node.kind === "aggregate") return renderNode({ ...node, of: marker }).replace("MARK", () => careful(node.of));
  if (node.kind === "subquery") return `(${careful(node.of)})[${node.window}:]`;
  if (node.kind !== "binary") return renderNode(node);
  return renderNode({ ...node, left: marker, right: other } satisfies BinaryNode)
    .replace("MARK", () => `(${careful(node.left)})`)
    .replace("OTHER", () => `(${careful(node.right)})`);
}
const marker: Node = { kind: "selector", name: "MARK", matchers: [] };
const other: Node = { kind: "selector", name: "OTHER", matchers: [] };

test("leaving out parentheses never changes what a query means", () => {
  fc.assert(
    fc.property(nodes, (node) => {
      assert.equal(grammarTree(renderNode(node)), grammarTree(careful(node)));
    }),
    { numRuns: 500 },
  );
});

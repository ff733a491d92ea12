import type { AggregateNode, BinaryNode, BinaryOperator, LabelMatcher, Node, SelectorNode } from "./node.ts";

/** How strongly an operator binds; source: prometheus promql/parser/generated_parser.y (3.5). */
const precedence: Record<BinaryOperator, number> = {
  "*": 5,
  "/": 5,
  "%": 5,
  "+": 4,
  "-": 4,
  "==": 3,
  "!=": 3,
  ">": 3,
  ">=": 3,
  "<": 3,
  "<=": 3,
  and: 2,
  unless: 2,
  or: 1,
};

/** The expression as PromQL text on one line, with no more parentheses than it needs. The same tree gives the same text. */
export function renderNode(node: Node): string {
  switch (node.kind) {
    case "number":
      return number(node.value);
    case "text":
      return quote(node.value);
    case "selector":
      return selector(node);
    case "call":
      return `${node.name}(${node.arguments.map(renderNode).join(", ")})`;
    case "aggregate":
      return aggregate(node);
    case "binary":
      return binary(node);
    case "subquery":
      return `${operand(node.of, 6)}[${node.window}:${node.step ?? ""}]`;
  }
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

/** A PromQL string: only backslash, quote and line break need an escape. */
export function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function selector(node: SelectorNode): string {
  const matchers = node.matchers.length > 0 ? `{${node.matchers.map(matcher).join(", ")}}` : "";
  const window = node.window === undefined ? "" : `[${node.window}]`;
  const offset = node.offset === undefined ? "" : ` offset ${node.offset}`;
  return `${node.name}${matchers}${window}${offset}`;
}

function matcher({ label, operator, value }: LabelMatcher): string {
  return `${label}${operator}${quote(value)}`;
}

function aggregate(node: AggregateNode): string {
  const by = node.by.length > 0 ? ` by (${node.by.join(", ")}) ` : "";
  const parameter = node.parameter === undefined ? "" : `${number(node.parameter)}, `;
  return `${node.operator}${by}(${parameter}${renderNode(node.of)})`;
}

/** All our operators group from the left: an equal one on the right needs parentheses. */
function binary(node: BinaryNode): string {
  const own = precedence[node.operator];
  return [operand(node.left, own), node.operator, ...modifiers(node), operand(node.right, own + 1)].join(" ");
}

/** `group_left` always with its list: without one, an operand in parentheses would be read as that list. */
function modifiers(node: BinaryNode): string[] {
  const bool = node.bool === true ? ["bool"] : [];
  const on = node.on === undefined ? [] : [`on (${node.on.join(", ")})`];
  const group = node.groupLeft === undefined ? [] : [`group_left (${node.groupLeft.join(", ")})`];
  return [...bool, ...on, ...group];
}

/** An operand, in parentheses where it binds less strongly than its place asks for. */
function operand(node: Node, least: number): string {
  const text = renderNode(node);
  return node.kind === "binary" && precedence[node.operator] < least ? `(${text})` : text;
}

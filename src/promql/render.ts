import type { AggregateNode, BinaryNode, BinaryOperator, LabelMatcher, Node, SelectorNode } from "./node.ts";

/** How strongly an operator binds; source: prometheus promql/parser/generated_parser.y (3.5). */
const precedence: Record<BinaryOperator, number> = {
  "^": 6,
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
      return `${operand(node.of, 7)}[${node.window}:${node.step ?? ""}]`;
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

function binary(node: BinaryNode): string {
  const own = precedence[node.operator];
  const rightBinds = node.operator === "^" ? own : own + 1;
  const left = operand(node.left, node.operator === "^" ? own + 1 : own);
  return [left, node.operator, ...modifiers(node), operand(node.right, rightBinds)].join(" ");
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
  return binds(node) < least ? `(${text})` : text;
}

function binds(node: Node): number {
  if (node.kind === "binary") return precedence[node.operator];
  // A minus sign binds less strongly than `^`.
  if (node.kind === "number" && text0(node.value) === "-") return 5;
  return 8;
}

function text0(value: number): string | undefined {
  return number(value)[0];
}

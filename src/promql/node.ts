/** A PromQL expression as a tree; what the types of `expr.ts` wrap and `render.ts` writes. Labels are Prometheus names. */
export type Node = NumberNode | TextNode | SelectorNode | CallNode | AggregateNode | BinaryNode | SubqueryNode;

export interface NumberNode {
  readonly kind: "number";
  readonly value: number;
}

/** A string argument of a function. */
interface TextNode {
  readonly kind: "text";
  readonly value: string;
}

/** `name{matchers}[window] offset …`; without `window` an instant vector. */
export interface SelectorNode {
  readonly kind: "selector";
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly window?: Window;
  readonly offset?: Duration;
}

export interface LabelMatcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

interface CallNode {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Node[];
}

/** `operator by (labels) (parameter, of)`. */
export interface AggregateNode {
  readonly kind: "aggregate";
  readonly operator: string;
  readonly by: readonly string[];
  readonly parameter?: number;
  readonly of: Node;
}

export interface BinaryNode {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
  /** 0 and 1 instead of filtering. */
  readonly bool?: boolean;
  /** Labels that decide which series belong together; without it all. */
  readonly on?: readonly string[];
  /** `group_left`: many series of the left side share one of the right; these labels are taken over from it. */
  readonly groupLeft?: readonly string[];
}

/** `of[window:step]`. */
export interface SubqueryNode {
  readonly kind: "subquery";
  readonly of: Node;
  readonly window: Window;
  readonly step?: Duration;
}

/** A literal duration: `30s`, `5m`, `1h30m` has to be written `90m`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

/** A literal duration or one that Grafana fills in. */
export type Window = Duration | "$__rate_interval" | "$__interval" | "$__range";

export type BinaryOperator =
  | "*"
  | "/"
  | "%"
  | "+"
  | "-"
  | "=="
  | "!="
  | ">"
  | ">="
  | "<"
  | "<="
  | "and"
  | "unless"
  | "or";

/** Every node of the tree, parents first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}

function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "number":
    case "text":
    case "selector":
      return [];
    case "call":
      return node.arguments;
    case "aggregate":
    case "subquery":
      return [node.of];
    case "binary":
      return [node.left, node.right];
  }
}

/** The tree with every selector replaced. */
export function mapSelectors(node: Node, change: (selector: SelectorNode) => SelectorNode): Node {
  switch (node.kind) {
    case "number":
    case "text":
      return node;
    case "selector":
      return change(node);
    case "call":
      return { ...node, arguments: node.arguments.map((argument) => mapSelectors(argument, change)) };
    case "aggregate":
    case "subquery":
      return { ...node, of: mapSelectors(node.of, change) };
    case "binary":
      return { ...node, left: mapSelectors(node.left, change), right: mapSelectors(node.right, change) };
  }
}

import { isDeepStrictEqual } from "node:util";
import type { BinaryNode, Node } from "../../promql/node.ts";
import { secondsOf } from "../../promql/duration.ts";
import { walk } from "../../promql/node.ts";
import { recognizedCause } from "./cause.ts";
import { attempt, Unsayable } from "./unsayable.ts";
import { groupsOf, readsPast, readValue, reasonOf, sameAttributes, type Value } from "./value.ts";

/** A value that is compared with a number. */
export interface Comparison {
  readonly value: Value;
  readonly operator: ">" | ">=" | "<" | "<=";
  readonly threshold: number;
}

/** One way in which an alert fires. */
export interface Condition extends Comparison {
  readonly kind: "condition";
  /** What has to hold as well. */
  readonly provided: readonly Comparison[];
  /** Seconds by which it has to hold longer than the alert says. */
  readonly longer: number;
  /** The value is what another metric is exceeded by (or missed by), not what texts name. */
  readonly difference: boolean;
  /** What of the expression is left out, as sentences. */
  readonly notes: readonly string[];
}

/** Fires where a metric of the agent stops coming. */
export interface Silence {
  readonly kind: "silence";
  readonly value: Value;
  readonly seconds: number;
  readonly notes: readonly string[];
}

type Alternative = Condition | Silence | Unsayable;

/** The ways in which an expression holds; for those that no monitor can say, why. */
export function readConditions(node: Node): readonly Alternative[] {
  const silence = readSilence(node);
  if (silence) return [silence];
  if (node.kind !== "binary") return [attempt(() => presence(node))];
  const { left, operator, right } = node;
  if (operator === "or") return [...readConditions(left), ...readConditions(right)];
  if (operator === "unless") return readConditions(left).map((one) => withNotes(one, () => noteOfUnless(node)));
  if (operator === "and") return readConditions(left).map((one) => attempt(() => withConjunct(one, right)));
  return [attempt(() => ({ ...bare, ...compare(node), difference: right.kind !== "number" }))];
}

const bare = { kind: "condition", provided: [], longer: 0, difference: false, notes: [] } as const;

/** An expression without a comparison holds wherever it has a value; ours are never negative. */
function presence(node: Node): Condition {
  return { ...bare, value: readValue(node), operator: ">=", threshold: 0 };
}

function compare({ operator, left, right }: BinaryNode): Comparison {
  if (operator === "==") return compareEqual(left, right);
  if (operator !== ">" && operator !== ">=" && operator !== "<" && operator !== "<=")
    throw new Unsayable(`needs \`${operator}\` of two sets of series`);
  if (right.kind === "number") return { value: readValue(left), operator, threshold: right.value };
  const [a, b] = [readValue(left), readValue(right)];
  if (!sameAttributes(groupsOf(a), groupsOf(b))) throw new Unsayable("joins series that are grouped differently");
  return { value: { kind: "arithmetic", operator: "-", left: a, right: b }, operator, threshold: 0 };
}

/** Our gauges are never negative, and those that are compared with 1 are never more. */
function compareEqual(left: Node, right: Node): Comparison {
  const value = readValue(left);
  if (right.kind === "number" && right.value === 0) return { value, operator: "<=", threshold: 0 };
  if (right.kind === "number" && right.value === 1) return { value, operator: ">=", threshold: 1 };
  throw new Unsayable("needs `==`");
}

function withNotes(left: Alternative, notes: () => readonly string[]): Alternative {
  if (left instanceof Unsayable) return left;
  return attempt(() => ({ ...left, notes: [...left.notes, ...notes()] }));
}

function noteOfUnless(node: BinaryNode): readonly string[] {
  const { left, right } = node;
  const cause = recognizedCause(right);
  if (cause !== undefined) return cause === "" ? [] : [cause];
  const judged = right.kind === "binary" && right.operator === "<=" && isDeepStrictEqual(right.left, left);
  if (judged && readsPast(right.right)) return ["It is not compared with what is usual at this time."];
  throw new Unsayable(reasonOf(right));
}

function withConjunct(left: Alternative, right: Node): Alternative {
  if (left instanceof Unsayable || left.kind === "silence") return left;
  if (right.kind === "binary" && right.operator === "and")
    return withConjunct(withConjunct(left, right.left), right.right);
  if (right.kind === "binary" && right.operator === "or") return withEither(left, right);
  if (isPast(right))
    return { ...left, notes: [...left.notes, "It does not ask whether there was any in the last day."] };
  return provided(left, conjunct(right));
}

/** An expression that only had to be there is replaced by what is asked of it. */
function provided(left: Condition, { comparison, longer }: { comparison: Comparison; longer: number }): Condition {
  if (!sameAttributes(groupsOf(left.value), groupsOf(comparison.value)))
    throw new Unsayable("joins series that are grouped differently");
  const whole = { ...left, longer: Math.max(left.longer, longer) };
  const wasPresence = left.operator === ">=" && left.threshold === 0 && left.provided.length === 0;
  return wasPresence
    ? { ...whole, ...comparison, difference: true }
    : { ...whole, provided: [...left.provided, comparison] };
}

/** Of two sufficient conditions the one that can be said. */
function withEither(left: Condition, { left: a, right: b }: BinaryNode): Alternative {
  const tries = [a, b].map((side) => attempt(() => withConjunct(left, side)));
  const only = tries.find((one) => !(one instanceof Unsayable));
  const failed = tries.find((one) => one instanceof Unsayable);
  if (only === undefined || failed === undefined) throw failed ?? new Unsayable("needs `or` within a condition");
  return withNotes(only, () => [`One of the conditions that it asks for is left out: it ${failed.message}.`]);
}

function conjunct(node: Node): { comparison: Comparison; longer: number } {
  if (node.kind !== "binary") throw new Unsayable(reasonOf(node));
  const held = heldOver(node.left);
  const comparison = compare(held ? { ...node, left: held.node } : node);
  return { comparison, longer: held?.seconds ?? 0 };
}

/** `min_over_time(x[5m]) == 1`: what holds at all times in a window is said by holding longer. */
function heldOver(node: Node): { node: Node; seconds: number } | undefined {
  if (node.kind !== "aggregate" || node.of.kind !== "call" || node.of.name !== "min_over_time") return undefined;
  const [selector] = node.of.arguments;
  if (selector?.kind !== "selector" || selector.window === undefined) return undefined;
  const { window, ...instant } = selector;
  return { node: { ...node, of: instant }, seconds: secondsOf(window) };
}

/** `max_over_time(x[1d]) > 0`: there was any in the last day. */
function isPast(node: Node): boolean {
  if (node.kind !== "binary" || node.operator !== ">" || node.left.kind !== "aggregate") return false;
  const { of } = node.left;
  if (of.kind !== "call" || of.name !== "max_over_time") return false;
  return [...walk(of)].some((inner) => inner.kind === "selector" && inner.window === "1d");
}

/** `time() - timestamp(x) > 120`, and `present_over_time(x[3h]) unless x`, which Prometheus needs besides. */
function readSilence(node: Node): Silence | undefined {
  const over = node.kind === "binary" && node.operator === "or" ? node.left : node;
  if (over.kind !== "binary" || over.operator !== ">" || over.right.kind !== "number") return undefined;
  const seen = seenIn(over.left);
  return seen && { kind: "silence", value: readValue(seen), seconds: over.right.value, notes: [] };
}

/** The `x` of `time() - timestamp(x)`. */
function seenIn(age: Node): Node | undefined {
  if (age.kind !== "binary" || age.operator !== "-") return undefined;
  const { left: now, right: seen } = age;
  if (now.kind !== "call" || now.name !== "time") return undefined;
  if (seen.kind !== "aggregate" || seen.of.kind !== "call" || seen.of.name !== "timestamp") return undefined;
  const [selector] = seen.of.arguments;
  return selector && { ...seen, of: selector };
}

import { catalogue } from "../../catalogue/catalogue.ts";
import type { Metric } from "../../catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../catalogue/prometheus-name.ts";
import { secondsOf } from "../../promql/duration.ts";
import {
  type AggregateNode,
  type BinaryNode,
  type LabelMatcher,
  type Node,
  type SelectorNode,
  walk,
} from "../../promql/node.ts";
import { Unsayable } from "./unsayable.ts";

/** What a monitor computes before it compares, in terms that Datadog and New Relic both have. */
export type Value = Series | { readonly kind: "number"; readonly value: number } | Arithmetic | AboveZero;

/** Points of one metric, one series for each combination of `by`. */
export interface Series {
  readonly kind: "series";
  readonly metric: Metric;
  readonly filters: readonly Filter[];
  /** Attributes, without `environment`: what they tell apart is chosen by a filter. */
  readonly by: readonly string[];
  /** How what `by` does not tell apart becomes one. */
  readonly combine: "max" | "sum";
  /** Of a counter: what it grew by over `seconds`, in all or per second. Undefined: a gauge as it is. */
  readonly growth?: { readonly seconds: number; readonly perSecond: boolean };
}

interface Arithmetic {
  readonly kind: "arithmetic";
  readonly operator: "+" | "-" | "*" | "/";
  readonly left: Value;
  readonly right: Value;
}

/** A value only where it is above 0. */
interface AboveZero {
  readonly kind: "above zero";
  readonly of: Series;
}

/** What an attribute has to be: one of the patterns, or none of them; `*` only at the end. */
export interface Filter {
  readonly attribute: string;
  readonly not: boolean;
  readonly patterns: readonly string[];
}

const metrics = new Map(catalogue.map((metric) => [prometheusName(metric), metric]));
const attributes = new Map(
  ["environment", "system", "target", ...catalogue.flatMap((metric) => metric.attributes)].map((attribute) => [
    prometheusLabel(attribute),
    attribute,
  ]),
);

/** Reads a value from an expression's tree; throws Unsayable. */
export function readValue(node: Node): Value {
  if (node.kind === "number") return { kind: "number", value: node.value };
  if (node.kind === "aggregate") return readAggregate(node);
  if (node.kind === "binary") return readBinary(node);
  throw new Unsayable(reasonOf(node));
}

function readBinary(node: BinaryNode): Value {
  const { left, operator, right } = node;
  if (operator === ">" && right.kind === "number" && right.value === 0)
    return { kind: "above zero", of: seriesOf(readValue(left)) };
  if (operator === "+" || operator === "-" || operator === "*" || operator === "/")
    return sameGroups({ kind: "arithmetic", operator, left: readValue(left), right: readValue(right) });
  throw new Unsayable(reasonOf(node));
}

/** The attributes by which a value's series are told apart; of a number none. */
export function groupsOf(value: Value): readonly string[] {
  if (value.kind === "series") return value.by;
  if (value.kind === "above zero") return value.of.by;
  if (value.kind === "number") return [];
  return value.left.kind === "number" ? groupsOf(value.right) : groupsOf(value.left);
}

/** All series in a value. */
export function seriesIn(value: Value): readonly Series[] {
  if (value.kind === "series") return [value];
  if (value.kind === "above zero") return [value.of];
  return value.kind === "number" ? [] : [...seriesIn(value.left), ...seriesIn(value.right)];
}

export function sameAttributes(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((attribute) => b.includes(attribute));
}

export const ownPast = "compares with its own past";

/** Whether a baseline is read: a series that a recording rule writes. */
export function readsPast(node: Node): boolean {
  return [...walk(node)].some((inner) => inner.kind === "selector" && inner.name.includes(":"));
}

/** Why nothing that has this node in it can be said. */
export function reasonOf(node: Node): string {
  if (readsPast(node)) return ownPast;
  const selectors = [...walk(node)].filter((inner) => inner.kind === "selector");
  if (selectors.some(({ name }) => !metrics.has(baseName(name)))) return "reads metrics that the agent does not send";
  if (node.kind === "call") return `needs \`${node.name}\``;
  return node.kind === "binary" ? `needs \`${node.operator}\` of two sets of series` : "has no counterpart";
}

function readAggregate({ operator, by, of }: AggregateNode): Series {
  if (operator !== "max" && operator !== "sum") throw new Unsayable(`needs \`${operator}\` over series`);
  const inner = of.kind === "aggregate" ? readAggregate(of) : readLeaf(of);
  return { ...inner, by: by.map(attributeOf).filter((attribute) => attribute !== "environment"), combine: operator };
}

function readLeaf(node: Node): Series {
  if (node.kind === "selector") return series(node);
  if (node.kind !== "call") throw new Unsayable(reasonOf(node));
  const [argument] = node.arguments;
  const grows = node.name === "increase" || node.name === "rate";
  if (!grows || argument?.kind !== "selector" || argument.window === undefined) throw new Unsayable(reasonOf(node));
  return { ...series(argument), growth: { seconds: secondsOf(argument.window), perSecond: node.name === "rate" } };
}

function series(selector: SelectorNode): Series {
  const metric = metrics.get(selector.name);
  if (!metric) throw new Unsayable(reasonOf(selector));
  if (selector.offset !== undefined) throw new Unsayable(ownPast);
  return { kind: "series", metric, filters: selector.matchers.flatMap(filterOf), by: [], combine: "max" };
}

function sameGroups(value: Arithmetic): Arithmetic {
  const { left, right } = value;
  const fits = left.kind === "number" || right.kind === "number" || sameAttributes(groupsOf(left), groupsOf(right));
  if (!fits) throw new Unsayable("joins series that are grouped differently");
  return value;
}

function seriesOf(value: Value): Series {
  if (value.kind !== "series") throw new Unsayable("filters what was computed");
  return value;
}

function filterOf({ label, operator, value }: LabelMatcher): Filter[] {
  const attribute = attributeOf(label);
  // It only keeps other exporters' series out, which have no such attribute.
  if (operator === "!=" && value === "") return [];
  const exact = operator === "=" || operator === "!=";
  const patterns = exact ? [value] : value.split("|").map(patternOf);
  return [{ attribute, not: operator === "!=" || operator === "!~", patterns }];
}

/** A regular expression that is a text, or the beginning of one, as a pattern. */
function patternOf(regex: string): string {
  const open = regex.endsWith(".*") && !regex.endsWith(String.raw`\.*`);
  const body = open ? regex.slice(0, -2) : regex;
  if (/(?<!\\)[$()*+.?[\]^{|}]/.test(body) || /[*"']/.test(body)) throw new Unsayable("needs a regular expression");
  return `${body.replaceAll(/\\(.)/g, "$1")}${open ? "*" : ""}`;
}

function attributeOf(label: string): string {
  const attribute = attributes.get(label);
  if (attribute === undefined) throw new Unsayable("reads metrics that the agent does not send");
  return attribute;
}

function baseName(name: string): string {
  return metrics.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "");
}

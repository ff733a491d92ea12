import * as q from "../promql/promql.ts";

/**
 * What is usual for a quantity at this time of day and day of the week, robust against one bad day:
 *
 *     max( 0.75-quantile of the same time on the last five days, median of the same time one, two and three weeks ago )
 *
 * for an upper bound; for a lower bound the minimum of the 0.25-quantile and the median. Days cover the first week and
 * what changed since; weeks cover what happens on one day of the week only. One incident moves neither: of five days
 * the second largest counts, of three weeks the middle one. There is no value before the first day has passed.
 */
export interface Baseline<L extends string = string> {
  /** Name of the recording rule. */
  readonly record: string;
  readonly labels: readonly L[];
  /** One sentence for the documentation. */
  readonly meaning: string;
  readonly inline: q.Expr<L>;
  readonly recorded: q.Expr<L>;
}

interface BaselineInput<L extends string> {
  readonly record: string;
  readonly labels: readonly L[];
  readonly meaning: string;
  /** The quantity over a window that ends now. */
  readonly of: q.Expr<L>;
  /** Minutes by which the window reaches past the same time: half of it, so that it lies around that time. */
  readonly ahead: number;
  readonly bound: "upper" | "lower";
}

const dayMinutes = 1_440;
const days = [1, 2, 3, 4, 5].map((day) => day * dayMinutes);
const weeks = [7, 14, 21].map((day) => day * dayMinutes);

/** Declares a seasonal baseline. */
export function seasonal<const L extends string>(input: BaselineInput<L>): Baseline<L> {
  const upper = input.bound === "upper";
  const ofDays = q.quantileBy(upper ? 0.75 : 0.25, pasts(input, days), input.labels);
  const ofWeeks = q.quantileBy(0.5, pasts(input, weeks), input.labels);
  const both = q.or(marked(ofDays, "days", input.labels), marked(ofWeeks, "weeks", input.labels));
  const inline = upper ? q.maxBy(both, input.labels) : q.minBy(both, input.labels);
  return baseline(input, inline);
}

/** The highest point of a usual day: the median of the last three days' maxima. Keeps a late batch from paging. */
export function dailyPeak<const L extends string>(input: Omit<BaselineInput<L>, "ahead" | "bound">): Baseline<L> {
  const ago = [1, 25, 49].map((hours) => hours * 60);
  const of = ago.map((minutes) => past(input, minutes));
  return baseline(input, q.quantileBy(0.5, united(of), input.labels));
}

function baseline<L extends string>(
  { record, labels, meaning }: Pick<BaselineInput<L>, "record" | "labels" | "meaning">,
  inline: q.Expr<L>,
): Baseline<L> {
  return Object.freeze({ record, labels, meaning, inline, recorded: recorded(record, labels) });
}

function recorded<L extends string>(record: string, labels: readonly L[]): q.Expr<L> {
  return q.select(q.recordedMetric<L>(record, labels));
}

function pasts<L extends string>(input: BaselineInput<L>, minutes: readonly number[]): q.Expr<L | "past"> {
  return united(minutes.map((ago) => past(input, ago - input.ahead)));
}

function past<L extends string>(
  { of, labels }: Pick<BaselineInput<L>, "of" | "labels">,
  minutes: number,
): q.Expr<L | "past"> {
  return marked(q.offset(of, `${minutes}m`), `${minutes}m`, labels);
}

/** Told apart by a label, or `or` would keep only the first of equal series. */
function marked<L extends string>(of: q.Expr<L>, value: string, labels: readonly L[]): q.Expr<L | "past"> {
  const [from] = labels;
  if (from === undefined) throw new Error("a baseline needs labels");
  return q.labelReplace<L, "past">(of, { to: "past", replacement: value, from, regex: ".*" });
}

function united<L extends string>(all: readonly q.Expr<L>[]): q.Expr<L> {
  const [first, ...rest] = all;
  if (first === undefined) throw new Error("there is nothing to unite");
  return rest.reduce((left, right) => q.or(left, right), first);
}

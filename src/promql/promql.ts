/** The one face of the folder: PromQL expressions that know which labels they carry and what may be summed. */
export * from "./aggregate.ts";
export * from "./binary.ts";
export { secondsOf } from "./duration.ts";
export { type Expr, offset, type Query, render } from "./expr.ts";
export * from "./functions.ts";
export { anyOf, escapeRegex, matches, matchesNot, type Matchers, not, noneOf, variable } from "./matcher.ts";
export { type Duration, walk, type Window } from "./node.ts";
export * from "./range.ts";
export { quote } from "./render.ts";
export {
  bucketIncrease,
  bucketRate,
  increase,
  lastSeen,
  observationRate,
  observedRate,
  rate,
  select,
} from "./select.ts";
export { foreignMetric, recordedMetric } from "./source.ts";

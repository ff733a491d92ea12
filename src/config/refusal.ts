import { QueuewatchError } from "../errors.ts";
import type { ConfigDocument, Problem } from "./document.ts";

/** Everything that is wrong with a config, as far as it is known. */
export interface Faults {
  /** References that could not be resolved. */
  readonly unresolved: readonly Problem[];
  /** What the schema finds wrong. */
  readonly settings?: readonly Problem[];
  /** Lines about settings that come from elsewhere than the document. */
  readonly elsewhere?: readonly string[];
}

/** One error for all faults, a line each, in the order of the text. What is unresolved is not blamed for its form too. */
export function refusal(
  document: ConfigDocument,
  { unresolved, settings = [], elsewhere = [] }: Faults,
): QueuewatchError {
  const places = new Set(unresolved.map(({ offset }) => offset));
  const wrong = settings.filter(({ offset }) => offset === undefined || !places.has(offset));
  const located = [...unresolved, ...wrong];
  const lines = [...elsewhere, ...(located.length === 0 ? [] : [document.describe(located)])];
  const onlyReferences = wrong.length + elsewhere.length === 0;
  return new QueuewatchError(onlyReferences ? "CONFIG_REFERENCE" : "CONFIG_INVALID", lines.join("\n"));
}

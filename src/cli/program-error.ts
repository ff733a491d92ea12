import { asQueuewatchError } from "../errors.ts";
import { printable } from "../self/printable.ts";

/** An error on the terminal: its lines as they are, each printable, then its code and what to do. `about`: what it concerns. */
export function describeError(thrown: unknown, about?: string): string {
  const error = asQueuewatchError(thrown);
  const lines = error.message.split("\n").map((line) => printable(line));
  const program = about === undefined ? "queuewatch" : `queuewatch: ${about}`;
  if (lines.length === 1) return `${program}: ${error.code}: ${lines.join("")}\n  → ${error.action}\n`;
  return `${lines.join("\n")}\n${program}: ${error.code}: ${lines.length} problems\n  → ${error.action}\n`;
}

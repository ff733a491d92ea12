import { asQueuewatchError } from "../../errors.ts";
import { printable } from "../../self/printable.ts";
import type { Paint, Style } from "../terminal.ts";

/** One line of `check`: what was looked at, what was found, and, unless all is well, what to do. */
export interface Finding {
  readonly level: "ok" | "note" | "fault";
  /** What it is about, in a word or two. */
  readonly subject: string;
  readonly text: string;
  readonly todo?: string;
}

export const ok = (subject: string, text: string): Finding => ({ level: "ok", subject, text });
export const note = (subject: string, text: string, todo: string): Finding => ({ level: "note", subject, text, todo });

/** An error as a fault; its own advice is what to do. */
export function fault(subject: string, thrown: unknown): Finding {
  const error = asQueuewatchError(thrown);
  return { level: "fault", subject, text: `${error.code}: ${error.message}`, todo: error.action };
}

const marks: Record<Finding["level"], [mark: string, style: Style]> = {
  ok: ["✔", "green"],
  note: ["!", "yellow"],
  fault: ["✖", "red"],
};

const subjectWidth = 12;

/** The findings under their title, a line each and one more for what to do. */
export function findingLines(title: string, findings: readonly Finding[], paint: Paint): string {
  const lines = findings.map(({ level, subject, text, todo }) => {
    const [mark, style] = marks[level];
    const first = `  ${paint(style, mark)} ${subject.padEnd(subjectWidth)} ${printable(text, 300)}\n`;
    return todo === undefined ? first : `${first}    ${"".padEnd(subjectWidth)} → ${todo}\n`;
  });
  return `${paint("bold", printable(title))}\n${lines.join("")}`;
}

import { styleText } from "node:util";
import { printable } from "../self/printable.ts";

/** How a text stands out where colours are shown. */
export type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** `color` as in `Io`. */
export function painter(color: boolean): Paint {
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/** One cell of a table; numbers stand to the right. */
export interface Cell {
  readonly text: string;
  readonly right?: boolean;
  readonly style?: Style | undefined;
}

const maxCell = 60;

/** Rows under their heads, in columns; whatever stands in a cell takes one line and no more than 60 places. */
export function columns(head: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const shown = rows.map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text, maxCell) })));
  const widths = head.map((title, index) =>
    Math.max(title.length, ...shown.map((row) => width(row[index]?.text ?? ""))),
  );
  const right = (index: number): boolean => shown.length > 0 && shown.every((row) => row[index]?.right === true);
  const heads = head.map((text, index) => ({ text, right: right(index), style: "dim" as const }));
  return [heads, ...shown].map((row) => line(row, widths, paint)).join("");
}

function line(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const cells = row.map(({ text, right, style }, index) => {
    const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(text)));
    const painted = style === undefined ? text : paint(style, text);
    if (right === true) return space + painted;
    return index === row.length - 1 ? painted : painted + space;
  });
  return `${cells.join("  ").trimEnd()}\n`;
}

/** Places on a terminal, near enough: wide characters of East Asia and emoji take two. */
function width(text: string): number {
  let places = 0;
  for (const character of text)
    places +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/u.test(
        character,
      )
        ? 2
        : 1;
  return places;
}

/** `0s`, `1.2s`, `5m03s`, `2h05m`, `3d04h`. */
export function shortDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return two(whole, 60, "m", "s");
  if (whole < 86_400) return two(Math.floor(whole / 60), 60, "h", "m");
  return two(Math.floor(whole / 3_600), 24, "d", "h");
}

function two(value: number, base: number, large: string, small: string): string {
  return `${Math.floor(value / base)}${large}${String(value % base).padStart(2, "0")}${small}`;
}

/** `512 B`, `1.5 MiB`. */
export function shortBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power] ?? ""}`;
}

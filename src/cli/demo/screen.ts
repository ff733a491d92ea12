import type { Io } from "../command.ts";

/** Where the live table is shown. */
export interface Screen {
  /** How often it is worth while to show it, in ms. */
  readonly everyMs: number;
  show(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

const [hideCursor, showCursor] = ["\u001b[?25l", "\u001b[?25h"];
const [cutLines, wrapLines] = ["\u001b[?7l", "\u001b[?7h"];
const [clearScreen, home, clearLine, clearBelow] = ["\u001b[2J", "\u001b[H", "\u001b[K", "\u001b[J"];

/** A terminal is drawn over in place; a file or a pipe gets a block every few seconds. */
export function openScreen({ out, terminal }: Io): Screen {
  if (!terminal) return { everyMs: 5_000, show: (text) => out(`${text}\n`), close: () => undefined };
  out(hideCursor + cutLines + clearScreen);
  return {
    everyMs: 500,
    show: (text) => {
      const lines = text
        .trimEnd()
        .split("\n")
        .slice(0, terminal().rows - 1);
      out(`${home}${lines.map((line) => `${line}${clearLine}\n`).join("")}${clearBelow}`);
    },
    close: () => out(showCursor + wrapLines),
  };
}

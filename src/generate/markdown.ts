import { printable } from "../self/printable.ts";

/** A Markdown table; what would end a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");
}

const marker = /^<!-- generated:([\w-]+) -->\n[^]*?^<!-- \/generated -->$/gm;

/** Fills what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` with the section of that name. */
export function fillSections(text: string, sections: Readonly<Record<string, string>>): string {
  return text.replaceAll(marker, (_, name: string) => {
    const section = sections[name];
    if (section === undefined) throw new Error(`there is no generated section ${name}`);
    return `<!-- generated:${name} -->\n\n${section.trim()}\n\n<!-- /generated -->`;
  });
}

/** Names of the sections that a text has places for. */
export function sectionNames(text: string): string[] {
  return [...text.matchAll(marker)].map(([, name]) => name ?? "");
}

/** A name or sentence from outside as plain text in Markdown: it cannot make links, tags, tables or lines of its own. */
export function markdownText(text: string): string {
  return printable(text, 200).replace(/[\\`*_{}[\]()#+!|<>~&@:/]/g, (mark) => `&#${mark.codePointAt(0)};`);
}

/** One measured figure, with the most that it may be, where there is a bound. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound?: number;
}

/** A table for people: figure, bound, and whether it holds. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, bound }) => [
    name,
    `${rounded(value)} ${unit}`,
    bound === undefined ? "" : `≤ ${rounded(bound)} ${unit}`,
    bound === undefined ? "" : value <= bound ? "✔" : "✖",
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function isBroken({ value, bound }: Figure): boolean {
  return bound !== undefined && value > bound;
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3);
}

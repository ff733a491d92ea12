/** The values of promtool's notation, one a minute: `5`, `_` (none), `stale`, `0x10`, `0+5x10`, `9-1x3`, `_x4`. */
export function expandValues(notation: string): number[] {
  return notation
    .split(" ")
    .filter((part) => part !== "")
    .flatMap((part) => {
      if (part === "_" || part === "stale") return [Number.NaN];
      const none = /^_x(\d+)$/.exec(part);
      if (none) return Array.from({ length: Number(none[1]) }, () => Number.NaN);
      const [, first, step = "+0", times] =
        /^(-?[\d.]+(?:e[+-]?\d+)?)(?:([+-][\d.]+(?:e[+-]?\d+)?))?x(\d+)$/.exec(part) ?? [];
      if (first === undefined) return [Number(part)];
      return Array.from({ length: Number(times) + 1 }, (_, index) => Number(first) + index * Number(step));
    });
}

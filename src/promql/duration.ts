const unitMs = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** Seconds of a literal duration. */
export function secondsOf(duration: string): number {
  const [, number = "0", unit = "s"] = /^([\d.]+)(ms|s|m|h|d|w)$/.exec(duration) ?? [];
  return (Number(number) * (unitMs.get(unit) ?? 0)) / 1_000;
}

/** How much a client wants one of the named things, by its Accept or Accept-Encoding header: 0 (not at all) to 1. */
export function qualityOf(header: string | undefined, names: readonly string[]): number {
  const ranges = (header ?? "").split(",").map((range) => {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    return { name, quality: Number(quality) || 0 };
  });
  return ranges.reduce((best, { name, quality }) => (names.includes(name) ? Math.max(best, quality) : best), 0);
}

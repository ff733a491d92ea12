/** The candidate that was most likely meant by a mistyped word; undefined where none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normalize(word);
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normalize(candidate));
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** ` (did you mean …?)`, to put behind a complaint about the word; nothing where no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = suggest(word, candidates);
  return near === undefined ? "" : ` (did you mean \`${near}\`?)`;
}

function normalize(word: string): string {
  return word.slice(0, 100).toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Least number of letters to put in, take out, change or swap with the next, to get from one text to the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 0; i <= from.length; i++) {
    const row = i === 0 ? [0] : [];
    rows.push(row);
    for (let j = i === 0 ? 1 : 0; j <= to.length; j++) {
      const swaps = i > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const change = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(change, at(i - 1, j) + 1, at(i, j - 1) + 1, swaps ? at(i - 2, j - 2) + 1 : Infinity));
    }
  }
  return at(from.length, to.length);
}

/** The candidate most like `word`, when one is like it at all: for "did you mean". */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const at = (up: number, back: number) => (up === 0 ? row : rows[i - up])?.[j - back] ?? Infinity;
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      let least = Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + same);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        least = Math.min(least, at(2, 2) + 1);
      }
      row.push(least);
    }
    rows.push(row);
  }
  return rows[left.length]?.[right.length] ?? Infinity;
}

/** Names out of `known` that `given` may have been meant to be, the likeliest first; at most three. */
export function suggest(given: string, known: Iterable<string>): string[] {
  const likeness = (name: string) => name[0] === given[0] ? 1 : 0; // the first letter is the last to be mistyped
  const limit = Math.max(1, Math.floor(given.length / 3));
  return [...known]
    .map((name) => ({ name, distance: name.startsWith(given) ? 0 : editDistance(given, name) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || likeness(b.name) - likeness(a.name) || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Letters to insert, drop, change or swap with their neighbour to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * Redis' patterns: `*` any run, `?` one byte, `[a-c]` `[^x]` classes, `\` takes the next byte as it is.
 *
 * Spec: Redis 7.0 util.c `stringmatchlen`; where that one recurses for every star this one goes back to the last star only,
 * which finds the same and cannot explode.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** @param pattern and @param text binary strings, one character a byte */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1; // place of the last star in the pattern
  let starText = 0; // how far into the text that star reaches
  while (t < text.length) {
    if (pattern[p] === "*") {
      starAt = p++;
      starText = t;
      continue;
    }
    const next = p < pattern.length ? matchOne(pattern, p, text[t] ?? "") : -1;
    if (next !== -1) {
      p = next;
      t++;
    } else {
      if (starAt === -1) return false;
      p = starAt + 1;
      t = ++starText; // the star takes one byte more
    }
  }
  while (pattern[p] === "*") p++;
  return p >= pattern.length;
}

/** @returns where the pattern goes on after its one byte at `p` matched `char`, or -1. */
function matchOne(pattern: string, p: number, char: string): number {
  switch (pattern[p]) {
    case "?":
      return p + 1;
    case "[":
      return matchClass(pattern, p + 1, char);
    case "\\":
      if (p + 1 < pattern.length) p++;
  }
  return pattern[p] === char ? p + 1 : -1;
}

/** @param p place behind the bracket. A class that is never closed ends with the pattern, as in Redis. */
function matchClass(pattern: string, p: number, char: string): number {
  const isNegated = pattern[p] === "^";
  if (isNegated) p++;
  let found = false;
  for (; p < pattern.length && pattern[p] !== "]"; p++) {
    if (pattern[p] === "\\" && p + 1 < pattern.length) p++;
    else if (pattern[p + 1] === "-" && p + 2 < pattern.length) {
      const [low, high] = [pattern[p] ?? "", pattern[p + 2] ?? ""].sort();
      if (char >= (low ?? "") && char <= (high ?? "")) found = true;
      p += 2;
      continue;
    }
    if (pattern[p] === char) found = true;
  }
  return found === isNegated ? -1 : Math.min(p + 1, pattern.length);
}

/**
 * Two texts in two columns, for a terminal of any width.
 * @module
 */

/** How a line of the left text relates to the one of the right. */
export type Mark = "same" | "changed" | "left only" | "right only";

export interface Row {
  readonly left: string;
  readonly right: string;
  readonly mark: Mark;
}

/** How much two lines say the same, from 0 to 1; lines of likeness 1 count as equal. */
export type Likeness = (left: string, right: string) => number;

/** Pairs the lines of two texts, in their order, so that the likeness of lines beside each other is as high as it can be. */
export function pairLines(left: readonly string[], right: readonly string[], likeness: Likeness = sameText): Row[] {
  const best = bestLikeness(left, right, likeness);
  const rows: Row[] = [];
  let gapLeft: string[] = [];
  let gapRight: string[] = [];
  const flush = () => {
    for (let i = 0; i < Math.max(gapLeft.length, gapRight.length); i++) {
      const [l, r] = [gapLeft[i], gapRight[i]];
      rows.push({
        left: l ?? "",
        right: r ?? "",
        mark: l === undefined ? "right only" : r === undefined ? "left only" : "changed",
      });
    }
    gapLeft = [];
    gapRight = [];
  };
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [l, r] = [left[i], right[j]];
    const [pairedOff, skipLeft, skipRight] = [at(best, i + 1, j + 1), at(best, i + 1, j), at(best, i, j + 1)];
    const alike = l === undefined || r === undefined ? 0 : likeness(l, r);
    if (l !== undefined && r !== undefined && alike > 0 && alike + pairedOff >= Math.max(skipLeft, skipRight)) {
      flush();
      rows.push({ left: l, right: r, mark: alike === 1 || l.trim() === r.trim() ? "same" : "changed" });
      i++;
      j++;
    } else if (r === undefined || (l !== undefined && skipLeft >= skipRight)) {
      gapLeft.push(l ?? "");
      i++;
    } else {
      gapRight.push(r);
      j++;
    }
  }
  flush();
  return rows;
}

function sameText(left: string, right: string): number {
  return left.trimEnd() === right.trimEnd() ? 1 : 0;
}

/** What two languages say in the same words: the share of words that two lines have in common; little is taken for nothing. */
export function sameWords(left: string, right: string): number {
  if (left.trim() === right.trim()) return left.trim() === "" ? 0.1 : 1;
  const [l, r] = [wordsOf(left), wordsOf(right)];
  const common = [...l].filter((word) => r.has(word)).length;
  const share = (2 * common) / Math.max(1, l.size + r.size);
  return share < 0.25 ? 0 : Math.min(share, 0.99);
}

function wordsOf(line: string): Set<string> {
  return new Set(line.toLowerCase().match(/[\p{L}\d]+/gu) ?? []);
}

/** `table[i][j]` is the highest sum of likeness that the texts from `i` and `j` on can have. */
function bestLikeness(left: readonly string[], right: readonly string[], likeness: Likeness): number[][] {
  const table = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const paired = likeness(left[i] ?? "", right[j] ?? "") + at(table, i + 1, j + 1);
      (table[i] ?? [])[j] = Math.max(paired, at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}

function at(table: readonly (readonly number[])[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}

const SIGN: Readonly<Record<Mark, string>> = { "same": " ", "changed": "~", "left only": "<", "right only": ">" };

/**
 * Lays rows out in two columns with a sign between them; lines that are too long go on in the next line.
 * @param width of the whole in characters, at least 40
 */
export function layOut(rows: readonly Row[], width: number): string[] {
  const column = Math.max(18, Math.floor((width - 3) / 2));
  const lines: string[] = [];
  for (const { left, right, mark } of rows) {
    const [l, r] = [fold(left, column), fold(right, column)];
    for (let i = 0; i < Math.max(l.length, r.length); i++) {
      lines.push(`${(l[i] ?? "").padEnd(column)} ${i === 0 ? SIGN[mark] : " "} ${r[i] ?? ""}`.trimEnd());
    }
  }
  return lines;
}

function fold(text: string, width: number): string[] {
  const clean = text.replaceAll("\t", "    ").trimEnd();
  const parts: string[] = [];
  for (let at = 0; at < clean.length; at += width) parts.push(clean.slice(at, at + width));
  return parts.length === 0 ? [""] : parts;
}

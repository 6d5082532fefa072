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

/** Pairs the lines of two texts so that equal lines stand beside each other (longest common subsequence). */
export function pairLines(left: readonly string[], right: readonly string[], same = sameText): Row[] {
  const length = longestCommon(left, right, same);
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
    if (l !== undefined && r !== undefined && same(l, r)) {
      flush();
      rows.push({ left: l, right: r, mark: "same" });
      i++;
      j++;
    } else if (r === undefined || (l !== undefined && (length[i + 1]?.[j] ?? 0) >= (length[i]?.[j + 1] ?? 0))) {
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

function sameText(left: string, right: string): boolean {
  return left.trimEnd() === right.trimEnd();
}

/** `table[i][j]` is how many lines the texts from `i` and `j` on have in common. */
function longestCommon(left: readonly string[], right: readonly string[], same: typeof sameText): number[][] {
  const table = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const row = table[i] ?? [];
      const below = table[i + 1] ?? [];
      row[j] = same(left[i] ?? "", right[j] ?? "") ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
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

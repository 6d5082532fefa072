/**
 * Sets of characters as Python's `re` has them: categories, ranges, and what is the same but for its case.
 *
 * Spec: CPython 3.11 `Lib/re/_compiler.py` `_optimize_charset`, `Lib/re/_casefix.py`, `Modules/_sre.c`
 * @module
 */

/** Tells whether a code point belongs to a set. */
export type CharacterTest = (code: number) => boolean;

/** Decimal digits, white space, letters and digits; in capitals all others. */
export type Category = "d" | "s" | "w" | "D" | "S" | "W";

/** What may stand between brackets. */
export type SetItem =
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "category"; readonly test: CharacterTest };

export interface CaseOptions {
  readonly ignoreCase: boolean;
  /** Categories and case of ASCII alone. */
  readonly ascii: boolean;
}

const UNDERSCORE = 0x5f;
const NEWLINE = 0x0a;
const LAST_ASCII = 0x7f;
const DOTTED_CAPITAL_I = 0x130;
/** No character behind this one has another case. */
const LAST_CASED = 0x1ffff;

const DECIMAL = /\p{Nd}/u;
const ALPHANUMERIC = /[\p{L}\p{N}]/u;
/** `str.isspace`, which is neither JavaScript's `\s` nor Unicode's `White_Space`. */
const SPACE = new RegExp(String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`);

const UNICODE = withComplements({
  d: tableTest((code) => DECIMAL.test(String.fromCodePoint(code))),
  s: tableTest((code) => SPACE.test(String.fromCodePoint(code))),
  w: tableTest((code) => code === UNDERSCORE || ALPHANUMERIC.test(String.fromCodePoint(code))),
});
const ASCII = withComplements({
  d: (code) => code <= LAST_ASCII && UNICODE.d(code),
  s: (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d),
  w: (code) => code <= LAST_ASCII && UNICODE.w(code),
});

/** The same function for the same category each time. */
export function categoryTest(category: Category, { ascii }: Pick<CaseOptions, "ascii">): CharacterTest {
  return (ascii ? ASCII : UNICODE)[category];
}

/** Looks ASCII up in a table. */
function tableTest(test: CharacterTest): CharacterTest {
  const table = Array.from({ length: LAST_ASCII + 1 }, (_, code) => test(code));
  return (code) => table[code] ?? test(code);
}

function withComplements(
  { d, s, w }: Record<"d" | "s" | "w", CharacterTest>,
): Readonly<Record<Category, CharacterTest>> {
  const not = (test: CharacterTest): CharacterTest => (code) => !test(code);
  return { d, s, w, D: not(d), S: not(s), W: not(w) };
}

export function anyTest(dotAll: boolean): CharacterTest {
  return dotAll ? () => true : (code) => code !== NEWLINE;
}

export function literalTest(literal: number, options: CaseOptions): CharacterTest {
  if (!options.ignoreCase) return (code) => code === literal;
  const same = new Set(variantsOf(literal, options.ascii));
  return (code) => same.has(code);
}

export function setTest(items: readonly SetItem[], isNegated: boolean, options: CaseOptions): CharacterTest {
  const contains = containsTest(items);
  const test: CharacterTest = options.ignoreCase
    ? (code) => contains(code) || variantsOf(code, options.ascii).some(contains)
    : contains;
  return tableTest(isNegated ? (code) => !test(code) : test);
}

/** Looks up the ranges by halves: a set may have hundreds. */
function containsTest(items: readonly SetItem[]): CharacterTest {
  const categories = [...new Set(items.flatMap((item) => item.kind === "category" ? [item.test] : []))];
  const ranges: { from: number; to: number }[] = [];
  const given = items.flatMap((item) => item.kind === "range" ? [item] : []).sort((a, b) => a.from - b.from);
  for (const { from, to } of given) {
    const last = ranges.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else ranges.push({ from, to });
  }
  return (code) => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.to ?? 0) < code) low = middle + 1;
      else high = middle;
    }
    return (ranges[low]?.from ?? Infinity) <= code || categories.some((test) => test(code));
  };
}

/** All code points that are `code` but for the case, itself included. */
function variantsOf(code: number, ascii: boolean): readonly number[] {
  if (!ascii) return (caseVariants ??= collectVariants()).get(keyOf(code)) ?? [code];
  if (code > LAST_ASCII) return [code];
  const char = String.fromCharCode(code);
  return [char.toLowerCase().charCodeAt(0), char.toUpperCase().charCodeAt(0)];
}

let caseVariants: ReadonlyMap<string, readonly number[]> | undefined; // made at the first use: it takes a moment

function collectVariants(): Map<string, number[]> {
  const variants = new Map<string, number[]>();
  for (let code = 0; code <= LAST_CASED; code++) {
    const key = keyOf(code);
    const known = variants.get(key);
    if (known === undefined) variants.set(key, [code]);
    else known.push(code);
  }
  for (const [key, codes] of variants) if (codes.length === 1) variants.delete(key);
  return variants;
}

/** The same text for characters that Python takes for the same: those whose lower case has the same upper case. */
function keyOf(code: number): string {
  return code === DOTTED_CAPITAL_I ? "I" : String.fromCodePoint(code).toLowerCase().toUpperCase();
}

/**
 * Rows of a screen: texts with styles, and how a terminal is told of them.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

const CODES = {
  bold: 1,
  dim: 2,
  underline: 4,
  reverse: 7,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
} as const;

export type Style = keyof typeof CODES;

const COLORS: ReadonlySet<Style> = new Set(["red", "green", "yellow", "blue", "magenta"]);

export interface Span {
  readonly text: string;
  readonly styles: readonly Style[];
}

export type Row = readonly Span[];

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export function span(text: string, ...styles: Style[]): Span {
  return { text: printable(text), styles };
}

/** No screen has room for more of a text. */
const MAX_TEXT = 20_000;

/** What came from elsewhere moves no cursor and rings no bell: control characters show as `?`, tabs as a blank. */
export function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll("\t", " ").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");
}

const segmenter = new Intl.Segmenter();
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** What a reader takes for a character, with the columns it takes of the screen. */
function* cells(text: string): Generator<{ readonly cell: string; readonly width: number }> {
  // deno-lint-ignore no-control-regex -- most texts are ASCII, whose characters are counted faster
  if (/^[\u0000-\u007f]*$/.test(text)) {
    for (const cell of text) yield { cell, width: 1 };
    return;
  }
  for (const { segment: cell } of segmenter.segment(text)) {
    yield { cell, width: WIDE.test(cell) || /\p{Emoji_Presentation}/u.test(cell) ? 2 : 1 };
  }
}

/** Columns that a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { width } of cells(text)) columns += width;
  return columns;
}

/** As much of the text as fits. */
export function cut(text: string, columns: number): string {
  let kept = "";
  let used = 0;
  for (const { cell, width } of cells(text)) {
    if (used + width > columns) break;
    kept += cell;
    used += width;
  }
  return kept;
}

/** The text, or as much of it as fits with `mark` behind it. */
export function shorten(text: string, columns: number, mark = "..."): string {
  if (columnsOf(text) <= columns) return text;
  return columns <= mark.length ? cut(text, columns) : cut(text, columns - mark.length) + mark;
}

/** Exactly so many columns: what is longer is shortened, what is shorter gets blanks. */
export function pad(text: string, columns: number): string {
  const kept = shorten(text, columns);
  return kept + " ".repeat(Math.max(0, columns - columnsOf(kept)));
}

/** In lines of so many columns, broken at blanks where there are any. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (columnsOf(rest) > columns) {
    const head = cut(rest, columns);
    if (head === "") break; // not even one character fits
    const isBetweenWords = rest[head.length] === " ";
    const blank = head.lastIndexOf(" ");
    const at = isBetweenWords || blank <= 0 ? head.length : blank;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).replace(/^ /, "");
  }
  lines.push(cut(rest, columns));
  return lines;
}

/** The row's text without styles, for tests and for comparing. */
export function plain(row: Row): string {
  return row.map(({ text }) => text).join("");
}

/**
 * The row for a terminal of so many columns that stands at its beginning; what was behind it is erased.
 *
 * @param color false: only styles that are no colours
 */
export function ansi(row: Row, columns: number, color: boolean): string {
  let written = "";
  let left = columns;
  for (const { text, styles } of row) {
    const kept = cut(text, left);
    left -= columnsOf(kept);
    const codes = styles.filter((style) => color || !COLORS.has(style)).map((style) => CODES[style]);
    written += codes.length === 0 ? kept : `\x1b[${codes.join(";")}m${kept}\x1b[0m`;
  }
  return left > 0 ? `${written}\x1b[K` : written; // behind the last column there is nothing, and the cursor is on it
}

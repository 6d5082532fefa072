/**
 * The texts of YAML: plain, in quotes, and in blocks. Each function begins at its first character and ends behind its last.
 *
 * Spec: YAML 1.1 §9 · PyYAML 6.0 yaml/scanner.py `scan_plain`, `scan_flow_scalar`, `scan_block_scalar`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { BLANKS, type Cursor, END, LINE_ENDS } from "./cursor.ts";

/** Between quotes: anything but what ends a run. */
const QUOTED_RUN = /[^'"\\ \t\r\n\x85\u2028\u2029]+/y;

/** @param quote which one stands here */
export function quotedText(cursor: Cursor, quote: "'" | '"'): string {
  cursor.forward();
  let text = quotedRun(cursor, quote);
  while (cursor.peek() !== quote) text += quotedSpaces(cursor) + quotedRun(cursor, quote);
  cursor.forward();
  return text;
}

const ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({
  ...{ "0": "\0", a: "\x07", b: "\b", t: "\t", "\t": "\t", n: "\n", v: "\v", f: "\f", r: "\r", e: "\x1b", " ": " " },
  ...{ '"': '"', "\\": "\\", "/": "/", N: "\x85", _: "\xa0", L: "\u2028", P: "\u2029" },
}));
const HEX_ESCAPE = /x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})/y;
const MAX_CODE_POINT = 0x10ffff;

function quotedRun(cursor: Cursor, quote: "'" | '"'): string {
  let text = "";
  for (;;) {
    text += cursor.match(QUOTED_RUN)?.[0] ?? "";
    const char = cursor.peek();
    if (quote === "'" ? char === "'" && cursor.peek(1) === "'" : char === "'") {
      text += "'";
      cursor.forward(quote === "'" ? 2 : 1);
    } else if (quote === "'" && (char === '"' || char === "\\")) {
      text += char;
      cursor.forward();
    } else if (quote === '"' && char === "\\") {
      cursor.forward();
      text += escaped(cursor);
    } else return text;
  }
}

function escaped(cursor: Cursor): string {
  const simple = ESCAPES.get(cursor.peek());
  if (simple !== undefined) {
    cursor.forward();
    return simple;
  }
  const hex = cursor.match(HEX_ESCAPE);
  if (hex !== null) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "", 16);
    if (code > MAX_CODE_POINT) cursor.fail(`there is no character ${code.toString(16)}`);
    return String.fromCodePoint(code);
  }
  if (cursor.lineBreak() === "") cursor.fail("an unknown escape");
  return quotedBreaks(cursor);
}

function quotedSpaces(cursor: Cursor): string {
  const from = cursor.index;
  cursor.skip(" \t");
  const spaces = cursor.since(from);
  if (cursor.peek() === END) cursor.fail("a text in quotes has no end");
  const lineBreak = cursor.lineBreak();
  return lineBreak === "" ? spaces : folded(lineBreak, quotedBreaks(cursor));
}

function quotedBreaks(cursor: Cursor): string {
  let breaks = "";
  for (;;) {
    if (cursor.isAtDocumentMark()) cursor.fail("a text in quotes goes on behind the end of its document");
    cursor.skip(" \t");
    const lineBreak = cursor.lineBreak();
    if (lineBreak === "") return breaks;
    breaks += lineBreak;
  }
}

/** One line end is a space; of more the first goes. */
function folded(lineBreak: string, breaks: string): string {
  if (lineBreak !== "\n") return lineBreak + breaks;
  return breaks === "" ? " " : breaks;
}

/** A text without quotes, and whether a line ended in or behind it, where a key may begin. */
export interface PlainText {
  readonly text: string;
  readonly endsLine: boolean;
}

/** @param indent of the collection that it stands in @param inFlow between brackets or braces */
export function plainText(cursor: Cursor, indent: number, inFlow: boolean): PlainText {
  let text = "";
  let spaces = "";
  let endsLine = false;
  for (;;) {
    if (cursor.peek() === "#") break;
    const from = cursor.index;
    while (!endsPlain(cursor, inFlow)) cursor.forward();
    if (cursor.index === from) break;
    endsLine = false;
    text += spaces + cursor.since(from);
    const between = plainSpaces(cursor);
    spaces = between.text;
    endsLine = between.endsLine;
    if (spaces === "" || cursor.peek() === "#" || (!inFlow && cursor.column <= indent)) break;
  }
  return { text, endsLine };
}

function endsPlain(cursor: Cursor, inFlow: boolean): boolean {
  const char = cursor.peek();
  if (BLANKS.includes(char)) return true;
  if (char === ":") return cursor.isAt(inFlow ? `${BLANKS},[]{}` : BLANKS, 1);
  return inFlow && ",?[]{}".includes(char);
}

function plainSpaces(cursor: Cursor): PlainText {
  const from = cursor.index;
  cursor.skip(" ");
  const spaces = cursor.since(from);
  const lineBreak = cursor.lineBreak();
  if (lineBreak === "") return { text: spaces, endsLine: false };
  let breaks = "";
  for (;;) {
    if (cursor.isAtDocumentMark()) return { text: "", endsLine: true };
    cursor.skip(" ");
    const next = cursor.lineBreak();
    if (next === "") return { text: folded(lineBreak, breaks), endsLine: true };
    breaks += next;
  }
}

const HEADER = /[|>](?:([+-])([0-9])?|([0-9])([+-])?)?/y;

/** `|` keeps line ends, `>` folds them. @param indent of the collection that it stands in */
export function blockText(cursor: Cursor, indent: number): string {
  const isFolded = cursor.peek() === ">";
  const header = cursor.match(HEADER);
  const chomping = header?.[1] ?? header?.[4];
  const digit = header?.[2] ?? header?.[3];
  if (digit === "0" || !cursor.isAt(`${END} ${LINE_ENDS}`)) cursor.fail("expected + or -, and an indent of 1 to 9");
  skipToLineEnd(cursor);
  const least = Math.max(indent + 1, 1);
  const { breaks: first, column } = digit === undefined
    ? blockIndent(cursor, least)
    : blockBreaks(cursor, least + Number(digit) - 1);
  let breaks = first;
  let text = "";
  let lineBreak = "";
  while (cursor.column === column && cursor.peek() !== END) {
    text += breaks;
    const isText = !cursor.isAt(" \t");
    const from = cursor.index;
    cursor.skipLine();
    text += cursor.since(from);
    lineBreak = cursor.lineBreak();
    ({ breaks } = blockBreaks(cursor, column));
    if (cursor.column !== column || cursor.peek() === END) break;
    if (!(isFolded && lineBreak === "\n" && isText && !cursor.isAt(" \t"))) text += lineBreak;
    else if (breaks === "") text += " ";
  }
  if (chomping !== "-") text += lineBreak;
  return chomping === "+" ? text + breaks : text;
}

/** Passes over spaces, a comment and the line end, which has to be there. */
export function skipToLineEnd(cursor: Cursor): void {
  cursor.skip(" ");
  if (cursor.peek() === "#") cursor.skipLine();
  if (!cursor.isAt(END + LINE_ENDS)) cursor.fail("expected the end of the line");
  cursor.lineBreak();
}

interface BlockStart {
  readonly breaks: string;
  readonly column: number;
}

/** Empty lines before the text, and how far it is indented: as far as the furthest of them, or its first line. */
function blockIndent(cursor: Cursor, least: number): BlockStart {
  let breaks = "";
  let column = least;
  for (;;) {
    cursor.skip(" ");
    column = Math.max(column, cursor.column);
    const lineBreak = cursor.lineBreak();
    if (lineBreak === "") return { breaks, column };
    breaks += lineBreak;
  }
}

function blockBreaks(cursor: Cursor, column: number): BlockStart {
  let breaks = "";
  for (;;) {
    while (cursor.column < column && cursor.peek() === " ") cursor.forward();
    const lineBreak = cursor.lineBreak();
    if (lineBreak === "") return { breaks, column };
    breaks += lineBreak;
  }
}

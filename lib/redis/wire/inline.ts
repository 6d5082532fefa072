/**
 * Words of an inline command.
 *
 * Spec: Redis 7.0 sds.c `sdssplitargs`: words apart by blanks; "…" with \n \r \t \a \b \xHH and backslash escapes; '…' with \' only.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";

const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["r", "\r"], ["t", "\t"], ["b", "\b"], [
  "a",
  "\x07",
]]);
const WORD = /[ \t\0]*(?:"((?:\\[^]|[^"\\])*)"|'((?:\\'|[^'])*)'|([^ \t\0"']+))(?=[ \t\0]|$)/y;

/** @param line one character a byte (latin1). @returns `undefined` where quotes do not match. */
export function splitInline(line: string): Buffer[] | undefined {
  const words: Buffer[] = [];
  const text = line.replace(/[ \t\0]+$/, "");
  WORD.lastIndex = 0;
  while (WORD.lastIndex < text.length) {
    const match = WORD.exec(text);
    if (match === null) return undefined;
    const [, double, single, plain] = match;
    const word = double !== undefined ? unescape(double) : single?.replaceAll("\\'", "'") ?? plain ?? "";
    words.push(Buffer.from(word, "latin1"));
  }
  return words;
}

function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|([^]))/g,
    (_, hex: string | undefined, char: string | undefined) =>
      hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : ESCAPES.get(char ?? "") ?? char ?? "",
  );
}

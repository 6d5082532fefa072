/**
 * Python's `pprint.pformat`: what does not fit into a line is broken at its commas, and texts between their words.
 *
 * Source: CPython 3.11 Lib/pprint.py `PrettyPrinter`
 * @module
 */
import { isPlainObject, Tuple } from "../../base/pyvalue.ts";
import { pyRepr } from "../../base/pyrepr.ts";

const WIDTH = 80;

/** The value as Python's `pprint` shows it: keys in order, 80 columns. */
export function pformat(value: unknown): string {
  return format(sorted(value), 0, 0, 1);
}

/**
 * @param indent column where the value begins
 * @param allowance columns for what has to follow it on its last line
 * @param level 1 outside, where broken texts need brackets around them
 */
function format(value: unknown, indent: number, allowance: number, level: number): string {
  const whole = pyRepr(value);
  if (widthOf(whole) <= WIDTH - indent - allowance) return whole;
  if (typeof value === "string") return formatText(value, indent, allowance, level);
  if (value instanceof Uint8Array) return formatBytes(value, indent, allowance, level);
  if (value instanceof Tuple) {
    const end = value.length === 1 ? ",)" : ")";
    return `(${formatItems([...value], indent, allowance + end.length, level)}${end}`;
  }
  if (Array.isArray(value)) return `[${formatItems(value, indent, allowance + 1, level)}]`;
  if (isPlainObject(value)) return `{${formatPairs(value, indent, allowance + 1, level)}}`;
  return whole;
}

function formatItems(items: readonly unknown[], indent: number, allowance: number, level: number): string {
  const column = indent + 1;
  return items.map((item, i) => format(item, column, i === items.length - 1 ? allowance : 1, level + 1))
    .join(`,\n${" ".repeat(column)}`);
}

function formatPairs(value: Readonly<Record<string, unknown>>, indent: number, allowance: number, level: number) {
  const column = indent + 1;
  const pairs = Object.entries(value);
  return pairs.map(([key, item], i) => {
    const name = `${pyRepr(key)}: `;
    return name + format(item, column + widthOf(name), i === pairs.length - 1 ? allowance : 1, level + 1);
  }).join(`,\n${" ".repeat(column)}`);
}

function formatText(text: string, indent: number, allowance: number, level: number): string {
  const column = level === 1 ? indent + 1 : indent;
  const last = level === 1 ? allowance + 1 : allowance;
  const chunks: string[] = [];
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (const [i, line] of lines.entries()) {
    const isLast = i === lines.length - 1;
    const whole = pyRepr(line);
    if (widthOf(whole) <= WIDTH - column - (isLast ? last : 0)) chunks.push(whole);
    else chunks.push(...brokenAtWords(line, WIDTH - column, isLast ? last : 0));
  }
  return bracketed(chunks, column, level);
}

/** Pieces of a line, each as wide as possible; the last leaves room for what follows. */
function brokenAtWords(line: string, width: number, allowance: number): string[] {
  const parts = line.match(/\S*\s+|\S+$/g) ?? [];
  const pieces: string[] = [];
  let piece = "";
  for (const [i, part] of parts.entries()) {
    const room = i === parts.length - 1 ? width - allowance : width;
    if (widthOf(pyRepr(piece + part)) <= room) piece += part;
    else {
      if (piece !== "") pieces.push(pyRepr(piece));
      piece = part;
    }
  }
  return piece === "" ? pieces : [...pieces, pyRepr(piece)];
}

/** Four bytes are never torn apart. */
function formatBytes(bytes: Uint8Array, indent: number, allowance: number, level: number): string {
  if (bytes.length <= 4) return pyRepr(bytes);
  const column = level === 1 ? indent + 1 : indent;
  const chunks: string[] = [];
  let room = WIDTH - column;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    if (bytes.length - at < 4) room -= level === 1 ? allowance + 1 : allowance;
    if (widthOf(pyRepr(bytes.subarray(start, at + 4))) <= room) continue;
    if (at > start) chunks.push(pyRepr(bytes.subarray(start, at)));
    start = at;
  }
  chunks.push(pyRepr(bytes.subarray(start)));
  return bracketed(chunks, column, level);
}

function bracketed(chunks: readonly string[], column: number, level: number): string {
  const text = chunks.join(`\n${" ".repeat(column)}`);
  return level === 1 && chunks.length > 1 ? `(${text})` : text;
}

/** In code points, as Python counts. */
function widthOf(text: string): number {
  return [...text].length;
}

/** Keys in order, at every depth. */
function sorted(value: unknown): unknown {
  if (value instanceof Tuple) return value;
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

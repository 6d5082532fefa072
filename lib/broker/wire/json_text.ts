/**
 * Changes to JSON that leave every other byte alone: numbers beyond 2^53, floats like 1.0 and the order of keys come through a
 * requeue as they were published, which parsing and writing them again would not promise.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** Half-open range of characters. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Sets a member of the object at `path` to `true`; the text comes back unchanged where there is no such object.
 *
 * @param text valid JSON, as text or as a binary string (UTF-8, one character a byte)
 */
export function setTrue(text: string, path: readonly string[], name: string): string {
  let object: Span | undefined = valueAt(text, 0);
  for (const step of path) object = object && findMember(text, object, step);
  if (object === undefined || text[object.start] !== "{") return text;
  const before = findMember(text, object, name);
  if (before !== undefined) return `${text.slice(0, before.start)}true${text.slice(before.end)}`;
  const isEmpty = skipBlanks(text, object.start + 1) === object.end - 1;
  return `${text.slice(0, object.end - 1)}${isEmpty ? "" : ", "}${JSON.stringify(name)}: true${
    text.slice(object.end - 1)
  }`;
}

/** Texts of the elements of an array, as they stand; none if `text` is no array. @param text valid JSON */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let at = skipBlanks(text, 0);
  if (text[at] !== "[") return elements;
  at = skipBlanks(text, at + 1);
  while (at < text.length && text[at] !== "]") {
    const { start, end } = valueAt(text, at);
    elements.push(text.slice(start, end));
    at = skipBlanks(text, end);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
  }
  return elements;
}

/** The value of the member; of several with one name the last counts, as in Python and JavaScript. */
function findMember(text: string, object: Span, name: string): Span | undefined {
  if (text[object.start] !== "{") return undefined;
  let found: Span | undefined;
  let at = skipBlanks(text, object.start + 1);
  while (text[at] === '"') {
    const key = valueAt(text, at);
    const value = valueAt(text, skipBlanks(text, key.end) + 1); // behind the colon
    if (JSON.parse(text.slice(key.start, key.end)) === name) found = value;
    at = skipBlanks(text, value.end);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
  }
  return found;
}

function valueAt(text: string, from: number): Span {
  const start = skipBlanks(text, from);
  const first = text[start];
  if (first === '"') return { start, end: endOfString(text, start) };
  if (first === "{" || first === "[") return { start, end: endOfContainer(text, start) };
  const scalar = /[^,\]}\s]*/y;
  scalar.lastIndex = start;
  return { start, end: start + (scalar.exec(text)?.[0].length ?? 0) };
}

function endOfString(text: string, start: number): number {
  let quote = start;
  while (true) {
    quote = text.indexOf('"', quote + 1);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** Counts brackets instead of recursing: depth costs nothing. */
function endOfContainer(text: string, start: number): number {
  const mark = /["{}[\]]/g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === '"') mark.lastIndex = endOfString(text, found.index);
    else if (found[0] === "{" || found[0] === "[") depth++;
    else if (--depth === 0) return found.index + 1;
  }
  return text.length;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

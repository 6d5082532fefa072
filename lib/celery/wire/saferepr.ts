/**
 * The short text of arguments and results that travels in `argsrepr`, `kwargsrepr` and events.
 *
 * It is Python's `repr` with three twists: quotes in texts become `\'` and nothing else is escaped; containers inside more than
 * three others show as `...`; and once `maxLength` characters are written, the text being written ends in `...`, what follows
 * becomes `, ...`, and the open brackets are closed. Monitors show it to people, nobody parses it.
 *
 * Spec: celery 5.6 celery/utils/saferepr.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPlainObject, Tuple } from "../../base/pyvalue.ts";
import { classNameOf, leafRepr, scalarRepr } from "../../base/pyrepr.ts";
import { utf8ToString, viewOf } from "../../base/bytes.ts";

/** celery/app/amqp.py `argsrepr_maxsize`, `kwargsrepr_maxsize` */
export const DEFAULT_MAX_REPR_LENGTH = 1024;
const MAX_LEVELS = 3;

/** The text of `value`; at most about 12 characters longer than `maxLength`. */
export function saferepr(value: unknown, maxLength = DEFAULT_MAX_REPR_LENGTH): string {
  const writer = new ReprWriter(maxLength);
  try {
    writer.write(value);
  } catch (error) {
    if (error !== LIMIT) throw error;
  }
  return writer.text;
}

/** `saferepr` of positional arguments: they are a tuple in Python. */
export function safereprArgs(args: readonly unknown[], maxLength = DEFAULT_MAX_REPR_LENGTH): string {
  const [first, second] = args;
  if (args.length === 2 && isShortInteger(first) && isShortInteger(second)) return `(${first}, ${second})`;
  return saferepr(Tuple.fromItems(args), maxLength);
}

/** The commonest arguments of all need no writer. */
function isShortInteger(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value && !Object.is(value, -0);
}

const LIMIT = Symbol("the limit is reached");

class ReprWriter {
  text = "";
  #left: number;
  /** Closing brackets of the containers that are open, outermost first. */
  readonly #open: string[] = [];
  readonly #seen = new Set<object>();

  constructor(maxLength: number) {
    this.#left = maxLength;
  }

  write(value: unknown): void {
    if (typeof value === "string") this.#token(quoted(value, this.#left));
    else if (typeof value !== "object" || value === null) this.#token(truncated(scalarRepr(value), this.#left));
    else if (value instanceof Uint8Array) this.#token(bytesText(value, this.#left));
    else if (value instanceof Tuple) this.#container(value, "(", value.length === 1 ? ",)" : ")", this.#items(value));
    else if (Array.isArray(value)) this.#container(value, "[", "]", this.#items(value));
    else if (value instanceof Set) this.#set(value);
    else if (value instanceof Map) this.#container(value, "{", "}", this.#entries(value));
    else if (isPlainObject(value)) this.#container(value, "{", "}", this.#entries(Object.entries(value)));
    else this.#token(truncated(leafRepr(value) ?? `<${classNameOf(value)}>`, this.#left));
  }

  /** Adds one token, or what stands for all that follow once the length is used up. */
  #token(text: string): void {
    if (this.#left <= 0) {
      this.text += ", ..." + this.#open.reverse().join("");
      throw LIMIT;
    }
    this.text += text;
    this.#left -= lengthInPython(text);
  }

  #set(items: ReadonlySet<unknown>): void {
    if (items.size === 0) this.#token("set()");
    else this.#container(items, "{", "}", this.#items(items));
  }

  #items(items: Iterable<unknown>): () => void {
    return () => {
      let isFirst = true;
      for (const item of items) {
        if (!isFirst) this.#token(", ");
        isFirst = false;
        this.write(item);
      }
    };
  }

  #entries(entries: Iterable<[unknown, unknown]>): () => void {
    return () => {
      let isFirst = true;
      for (const [key, value] of entries) {
        if (!isFirst) this.#token(", ");
        isFirst = false;
        this.#token(this.#left <= 0 ? "" : saferepr(key, this.#left)); // a key has the limit that is left to itself
        this.#token(": ");
        this.write(value);
      }
    };
  }

  #container(container: object, start: string, end: string, writeContent: () => void): void {
    if (this.#open.length >= MAX_LEVELS) return this.#token(truncated(`${start}...${end}`, this.#left));
    if (this.#seen.has(container)) {
      return this.#token(truncated(`<Recursion on ${classNameOf(container)}>`, this.#left));
    }
    this.#seen.add(container);
    this.#open.push(end);
    this.#token(start);
    writeContent();
    this.#seen.delete(container);
    this.#open.pop(); // a closing bracket that meets the limit is lost, in Python too
    this.#token(end);
  }
}

/** `truncate(text, maxlen)` of celery/utils/text.py: cuts at a space if there is one. */
function truncated(text: string, left: number): string {
  if (lengthInPython(text) < left || left <= 0) return text;
  const cut = hasAstral(text) ? Array.from(text).slice(0, left).join("") : text.slice(0, left);
  const space = cut.lastIndexOf(" ");
  return (space === -1 ? cut : cut.slice(0, space)) + "...";
}

function quoted(text: string, left: number): string {
  return `'${truncated(text, left).replaceAll("'", "\\'")}'`;
}

function bytesText(bytes: Uint8Array, left: number): string {
  const isCut = left > 0 && bytes.length > left;
  const shown = isCut ? bytes.subarray(0, left) : bytes;
  const text = utf8ToString(shown);
  return `b'${text.includes("\ufffd") ? viewOf(shown).toString("hex") : text}${isCut ? "..." : ""}'`;
}

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;
const ASTRALS = /[\ud800-\udbff][\udc00-\udfff]/g;

function hasAstral(text: string): boolean {
  return ASTRAL.test(text);
}

/** Python counts code points. */
function lengthInPython(text: string): number {
  return hasAstral(text) ? text.length - (text.match(ASTRALS)?.length ?? 0) : text.length;
}

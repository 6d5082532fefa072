/**
 * JSON as Python's `json.dumps` writes it: ", " and ": " between, ASCII only, insertion order, whole numbers of any size,
 * `1.0` for a float, bare `NaN` and `Infinity`; and kombu's special types.
 *
 * Written by hand because `JSON.stringify` can do none of these; for the small bodies of tasks it is as fast.
 *
 * Spec: CPython Lib/json/encoder.py · kombu 5.6 kombu/utils/json.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { floatRepr, isPlainObject, PyFloat } from "../../base/pyvalue.ts";
import { EncodeError } from "./errors.ts";
import { encodeSpecial, type JsonTypeStyle } from "./special_types.ts";

/** Python's own reader gives up at its recursion limit, about 1000 levels. */
export const DEFAULT_MAX_JSON_DEPTH = 900;

export interface JsonWriteOptions {
  /** How dates, decimals, UUIDs and bytes are written. Default `wrapped`. */
  readonly types?: JsonTypeStyle;
  /** Name of the value in errors, the start of the path. Default `value`. */
  readonly name?: string;
  /** Containers inside containers. Default {@link DEFAULT_MAX_JSON_DEPTH}. */
  readonly maxDepth?: number;
  /** JSON of members that stand before those of `value`, a dict: `"body": "…"`. Default none. */
  readonly before?: string;
}

/**
 * Writes `value`. A `toJSON` method speaks for its object, as `__json__` does in kombu.
 *
 * @throws {EncodeError} naming the path, for what JSON cannot carry: functions, sets, class instances, texts with lone
 * surrogates, Maps with keys that are no texts, nesting beyond `maxDepth` (a circle, most likely).
 */
export function stringifyJson(value: unknown, options: JsonWriteOptions = {}): string {
  const writer = new Writer(options.types ?? "wrapped", options.maxDepth ?? DEFAULT_MAX_JSON_DEPTH);
  try {
    if (options.before === undefined) writer.value(value);
    else writer.members(value as Record<string, unknown>, options.before);
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error;
    throw new EncodeError(`Cannot write ${error.path(options.name ?? "value")} as JSON: ${error.message}`);
  }
  return writer.text;
}

/** A key as it is written, first in its dict and behind another. */
interface KeyText {
  readonly first: string;
  readonly next: string;
}

/** Keys that were written before: most messages have the same. The first so many, and no long ones. */
const KEY_TEXTS = new Map<string, KeyText>();
const MOST_KEYS = 2000;
const LONGEST_KEY = 64;

function keyText(key: string): KeyText {
  const known = KEY_TEXTS.get(key);
  if (known !== undefined) return known;
  const first = `${quote(key)}: `;
  const text = { first, next: `, ${first}` };
  if (KEY_TEXTS.size < MOST_KEYS && key.length <= LONGEST_KEY) KEY_TEXTS.set(key, text);
  return text;
}

const LONGEST_PATH = 64;

/** Why a value cannot be written; every container that the error passes on its way out adds its step of the path. */
class Unwritable extends Error {
  readonly #steps: string[] = [];

  add(step: string): this {
    this.#steps.push(step);
    return this;
  }

  path(root: string): string {
    const path = root + this.#steps.reverse().join("");
    return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path;
  }
}

/** Writes one value into `text`. One growing string is faster than many that are joined. */
class Writer {
  text = "";
  readonly #types: JsonTypeStyle;
  #depthLeft: number;

  constructor(types: JsonTypeStyle, maxDepth: number) {
    this.#types = types;
    this.#depthLeft = maxDepth;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.text += quote(value);
        return;
      case "number":
        this.text += numberText(value);
        return;
      case "boolean":
        this.text += value ? "true" : "false";
        return;
      case "undefined":
        this.text += "null";
        return;
      case "bigint":
        this.text += value.toString();
        return;
      case "object":
        if (value === null) this.text += "null";
        else this.#object(value);
        return;
      default:
        throw new Unwritable(`it is a ${typeof value}`);
    }
  }

  #object(value: object): void {
    if (this.#depthLeft-- <= 0) throw new Unwritable("it is nested too deeply, or contains itself");
    if (Array.isArray(value)) this.#list(value);
    else if (isPlainObject(value)) this.members(value, "");
    else if (value instanceof Map) this.#map(value);
    else this.#instance(value);
    this.#depthLeft++;
  }

  #list(items: readonly unknown[]): void {
    this.text += "[";
    let at = 0;
    try {
      for (; at < items.length; at++) {
        if (at > 0) this.text += ", ";
        this.value(items[at]);
      }
    } catch (error) {
      throw error instanceof Unwritable ? error.add(`[${at}]`) : error;
    }
    this.text += "]";
  }

  /** A dict, behind members that are text already. */
  members(dict: Record<string, unknown>, before: string): void {
    this.text += `{${before}`;
    let isFirst = before === "";
    let key = "";
    try {
      for (key of Object.keys(dict)) {
        const { first, next } = keyText(key);
        this.text += isFirst ? first : next;
        isFirst = false;
        this.value(dict[key]);
      }
    } catch (error) {
      throw error instanceof Unwritable ? error.add(`.${key}`) : error;
    }
    this.text += "}";
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.text += "{";
    let separator = "";
    let key: unknown;
    try {
      for (const [name, value] of map) {
        key = name;
        if (typeof name !== "string") throw new Unwritable(`keys in JSON are texts, this one is a ${typeof name}`);
        this.text += separator + quote(name) + ": ";
        this.value(value);
        separator = ", ";
      }
    } catch (error) {
      throw error instanceof Unwritable ? error.add(`.get(${String(key)})`) : error;
    }
    this.text += "}";
  }

  #instance(value: object): void {
    if (value instanceof PyFloat) {
      this.text += floatText(value.value);
      return;
    }
    if (value instanceof Date && Number.isNaN(value.getTime())) throw new Unwritable("it is an invalid Date");
    const special = encodeSpecial(value, this.#types);
    if (special !== undefined) this.value(special);
    else if ("toJSON" in value && typeof value.toJSON === "function") this.value(value.toJSON());
    else throw new Unwritable(`it is a ${value.constructor.name}${hint(value)}`);
  }
}

const NOT_PLAIN_ASCII = /[^ !#-[\]-~]/; // a control byte, a quote, a backslash, or beyond ASCII
const BEYOND_ASCII = /[\x7f-\uffff]/g;
const LONE_SURROGATE = /\p{Surrogate}/u;

function quote(text: string): string {
  if (!NOT_PLAIN_ASCII.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) throw new Unwritable("the text holds half of a surrogate pair");
  return JSON.stringify(text).replace(
    BEYOND_ASCII,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whole numbers that are exact are Python's int, all others (and -0) its float. */
function numberText(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value); // where JavaScript and Python write the same text, take the faster one
  return size >= 1e-4 && size < 1e16 && !Number.isInteger(value) ? String(value) : floatRepr(value);
}

function hint(value: object): string {
  if (value instanceof Set || ArrayBuffer.isView(value)) return "; Array.from makes an array of it";
  return value instanceof Error ? "; its message is a text" : "";
}

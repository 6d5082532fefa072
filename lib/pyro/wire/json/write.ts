/**
 * JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it: `, ` and `: `, floats as their `repr`, `NaN` and
 * `Infinity` as names, keys that are no strings turned into some.
 *
 * Cannot carry: bytes, complex, time, timedelta, and keys that are tuples. Tuples and sets become arrays.
 *
 * Spec: Pyro4 4.82 `JsonSerializer`; CPython 3.11 `json/encoder.py`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../../base/errors.ts";
import { floatRepr, isPlainObject, isPythonInt, PyFloat } from "../../../base/pyvalue.ts";
import { describeClass, WritePath } from "../../../base/write_path.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { SerializeError } from "../errors.ts";
import { isNumberArray, MAX_DEPTH, numbersOf, textOf } from "../values.ts";

/** @param root what the value is called in errors */
export function writeJson(value: unknown, classes: ClassRegistry, root = "value"): string {
  return new JsonWriter(classes, root).write(value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return floatRepr(value);
  return value > 0 ? "Infinity" : "-Infinity";
}

class JsonWriter {
  readonly #classes: ClassRegistry;
  readonly #path: WritePath;

  constructor(classes: ClassRegistry, root: string) {
    this.#classes = classes;
    this.#path = new WritePath(root);
  }

  write(value: unknown): string {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return isPythonInt(value) ? String(value) : floatText(value);
      case "boolean":
      case "bigint":
        return String(value);
      case "undefined":
        return "null";
      case "object":
        return value === null ? "null" : this.#object(value);
      default:
        throw this.#refuse(value);
    }
  }

  #object(value: object): string {
    if (Array.isArray(value)) return this.#array(value, value);
    if (value instanceof PyFloat) return floatText(value.value);
    if (value instanceof Set) return this.#array(value, [...value]);
    if (isNumberArray(value)) return this.#array(value, numbersOf(value));
    if (value instanceof Map) return this.#dict(value, value);
    const text = textOf(value);
    if (text !== undefined) return this.#string(text);
    const dict = this.#classes.toDict(value);
    if (dict !== undefined) return this.#dict(value, Object.entries(dict));
    if (isPlainObject(value)) return this.#dict(value, Object.entries(value));
    throw this.#refuse(value);
  }

  #array(container: object, items: ArrayLike<unknown>): string {
    this.#enter(container);
    const texts: string[] = [];
    for (let i = 0; i < items.length; i++) {
      this.#path.at(i);
      texts.push(this.write(items[i]));
    }
    this.#path.leave();
    return `[${texts.join(", ")}]`;
  }

  #dict(container: object, entries: Iterable<readonly [unknown, unknown]>): string {
    this.#enter(container);
    const texts: string[] = [];
    for (const [key, item] of entries) {
      this.#path.at(key);
      texts.push(`${this.#key(key)}: ${this.write(item)}`);
    }
    this.#path.leave();
    return `{${texts.join(", ")}}`;
  }

  #key(key: unknown): string {
    if (typeof key === "string") return this.#string(key);
    if (key instanceof PyFloat || key === null || ["number", "bigint", "boolean"].includes(typeof key)) {
      return `"${this.write(key)}"`;
    }
    throw new UsageError(
      `Cannot write ${this.#path} with json: keys must be str, int, float, bool or None, not ${describeClass(key)}`,
    );
  }

  #string(text: string): string {
    const quoted = JSON.stringify(text);
    if (quoted.length !== text.length + 2 && /[\ud800-\udfff]/u.test(text)) {
      throw new SerializeError(`Cannot write ${this.#path} with json: UTF-8 cannot carry a lone surrogate`);
    }
    return quoted;
  }

  #enter(container: object): void {
    this.#path.enter(container);
    if (this.#path.depth <= MAX_DEPTH) return;
    throw new UsageError(
      this.#path.isCircular
        ? "Circular reference detected"
        : `Cannot write ${this.#path} with json: nested deeper than ${MAX_DEPTH} levels`,
    );
  }

  #refuse(value: unknown): SerializeError {
    return new SerializeError(
      `Cannot write ${this.#path} with json: don't know how to serialize ${describeClass(value)}`,
    );
  }
}

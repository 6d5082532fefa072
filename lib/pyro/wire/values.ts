/**
 * What all the writers agree on: depth, arrays of numbers, and classes that are written as plain text.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Decimal, PyDate, PyDateTime, PyFloat, Uuid } from "../../base/pyvalue.ts";

/** How deep a value may nest, a call's own two levels included: what Python's `ast.literal_eval` still reads back. */
export const MAX_DEPTH = 200;

/** The text of a datetime, date, Decimal or UUID, which no reader turns back; undefined for anything else. A `Date` is an aware datetime in UTC. */
export function textOf(value: object): string | undefined {
  if (value instanceof Date) return PyDateTime.fromDate(value).toString();
  if (value instanceof PyDateTime || value instanceof PyDate || value instanceof Decimal || value instanceof Uuid) {
    return value.toString();
  }
  return undefined;
}

type NumberArray = Int8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** True for `Int32Array` and its like, which stand for Python's `array.array`; not for bytes. */
export function isNumberArray(value: object): value is NumberArray | BigInt64Array | BigUint64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array);
}

/** The items of a number array; those of float arrays stay floats. */
export function numbersOf(array: NumberArray | BigInt64Array | BigUint64Array): ArrayLike<unknown> {
  if (!array[Symbol.toStringTag].startsWith("Float")) return array;
  return Array.from<number | bigint, PyFloat>(array, (item) => new PyFloat(Number(item)));
}

/** Python's `Ellipsis`, which reads from `...`; no serializer but marshal writes it. */
export const ELLIPSIS: unique symbol = Symbol("Ellipsis");

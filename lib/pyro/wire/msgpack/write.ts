/**
 * Values in msgpack with Pyro's `default`: class dicts, extensions, and texts for what has neither. Tuples and sets become
 * arrays.
 *
 * Spec: Pyro4 4.82 `MsgpackSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { UsageError } from "../../../base/errors.ts";
import { MsgpackExtension } from "../../../base/msgpack/extension.ts";
import { type MsgpackProblem, MsgpackWriter } from "../../../base/msgpack/write.ts";
import { Complex, isPlainObject, PyDate, PyDateTime } from "../../../base/pyvalue.ts";
import { describeClass, type WritePath } from "../../../base/write_path.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { SerializeError } from "../errors.ts";
import { isNumberArray, MAX_DEPTH, numbersOf, textOf } from "../values.ts";
import { BIG_INT, COMPLEX, DATE, DATETIME, encodeComplex, encodeDate, encodeDateTime } from "./extensions.ts";

export function msgpackWriter(classes: ClassRegistry): MsgpackWriter {
  return new MsgpackWriter({
    maxDepth: MAX_DEPTH,
    isKey: () => true,
    standIn: (value) => classes.toDict(value) ?? standIn(value),
    bigInt: (value) => new MsgpackExtension(BIG_INT, utf8(String(value))),
    refuse,
  });
}

function standIn(value: object): unknown {
  if (isPlainObject(value)) return value;
  if (value instanceof Set) return [...value];
  if (value instanceof Complex) return new MsgpackExtension(COMPLEX, encodeComplex(value));
  if (value instanceof PyDate) return new MsgpackExtension(DATE, encodeDate(value));
  if (value instanceof PyDateTime && !value.isAware) return new MsgpackExtension(DATETIME, encodeDateTime(value));
  if (value instanceof Date || value instanceof PyDateTime) return value; // refused, as by Python
  if (isNumberArray(value)) return Array.from(numbersOf(value));
  return textOf(value) ?? value;
}

function refuse(path: WritePath, problem: MsgpackProblem): Error {
  const attempt = `Cannot write ${path} with msgpack`;
  switch (problem.kind) {
    case "depth":
      return new UsageError(`${attempt}: nested deeper than ${MAX_DEPTH} levels`);
    case "surrogate":
      return new SerializeError(`${attempt}: UTF-8 cannot carry a lone surrogate`);
    case "key":
    case "value": {
      const { value } = problem;
      if (value instanceof Date || value instanceof PyDateTime) {
        return new SerializeError(`${attempt}: msgpack cannot serialize datetime with timezone info`);
      }
      return new SerializeError(`${attempt}: don't know how to serialize ${describeClass(value)}`);
    }
  }
}

/**
 * Methods as bytes: the payload of a frame of type 1.
 *
 *     0          2           4
 *     +----------+-----------+--------------------------------+
 *     | class id | method id | arguments, one after the other |
 *     +----------+-----------+--------------------------------+
 *
 * Bits that follow one another share an octet, the first one lowest.
 *
 * Spec: AMQP 0-9-1 §2.3.5.1, §4.2.5.2
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { ByteReader, syntaxError } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readTable, writeTable } from "./field_table.ts";
import { type FieldType, type FieldTypes, type Method, type MethodKind, METHODS } from "./methods.ts";

interface FieldCodec<T> {
  /** What a reserved field is written as. */
  readonly zero: T;
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** Bits are packed, so they have no codec of their own. */
const FIELD_CODECS: { readonly [T in Exclude<FieldType, "bit">]: FieldCodec<FieldTypes[T]> } = {
  octet: { zero: 0, write: (writer, value) => writer.octet(value), read: (reader) => reader.octet() },
  short: { zero: 0, write: (writer, value) => writer.short(value), read: (reader) => reader.short() },
  long: { zero: 0, write: (writer, value) => writer.long(value), read: (reader) => reader.long() },
  tag: { zero: 0, write: (writer, value) => writer.longlong(value), read: (reader) => reader.safeLonglong() },
  shortstr: { zero: "", write: (writer, value) => writer.shortstr(value), read: (reader) => reader.shortstr() },
  longstr: { zero: "", write: (writer, value) => writer.longstr(value), read: (reader) => reader.longstr() },
  bytes: {
    zero: new Uint8Array(0),
    write: (writer, value) => writer.longBytes(value),
    read: (reader) => reader.longBytes(),
  },
  table: { zero: {}, write: writeTable, read: readTable },
};

interface Field {
  readonly name: string;
  readonly isReserved: boolean;
  /** Undefined for a bit. */
  readonly codec: FieldCodec<unknown> | undefined;
}

/** One row of the methods' table, ready to run. */
interface Plan {
  readonly kind: MethodKind;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: readonly Field[];
}

const BY_KIND = new Map<string, Plan>();
const BY_NUMBERS = new Map<number, Plan>();

for (const [kind, spec] of Object.entries(METHODS) as [MethodKind, (typeof METHODS)[MethodKind]][]) {
  const fields = Object.entries(spec.fields).map(([name, type]: [string, FieldType]) => ({
    name,
    isReserved: name.startsWith("reserved"),
    codec: type === "bit" ? undefined : FIELD_CODECS[type],
  }));
  const plan: Plan = { kind, classId: spec.classId, methodId: spec.methodId, fields };
  BY_KIND.set(kind, plan);
  BY_NUMBERS.set(numbersKey(spec.classId, spec.methodId), plan);
}

function numbersKey(classId: number, methodId: number): number {
  return classId * 0x1_0000 + methodId;
}

/** The method with these numbers, for messages; undefined for 0, 0, which stands for "no method in particular". */
export function methodName(classId: number, methodId: number): string | undefined {
  if (classId === 0 && methodId === 0) return undefined;
  return BY_NUMBERS.get(numbersKey(classId, methodId))?.kind ?? `method ${methodId} of class ${classId}`;
}

/** Appends the payload of a method frame. @throws {UsageError} for a value that has no place in its field. */
export function writeMethod(writer: ByteWriter, method: Method): void {
  const plan = BY_KIND.get(method.kind);
  if (plan === undefined) throw new UsageError(`Cannot encode ${method.kind}: AMQP has no such method`);
  writer.short(plan.classId);
  writer.short(plan.methodId);
  const values: Readonly<Record<string, unknown>> = method;
  let bits = 0;
  let bitCount = 0;
  for (const { name, isReserved, codec } of plan.fields) {
    if (codec === undefined) {
      if (!isReserved && values[name] === true) bits |= 1 << bitCount;
      bitCount++;
      continue;
    }
    if (bitCount > 0) {
      writer.octet(bits);
      bits = bitCount = 0;
    }
    codec.write(writer, isReserved ? codec.zero : values[name]);
  }
  if (bitCount > 0) writer.octet(bits);
}

/** @throws {ProtocolError} for an unknown method, and for missing or left-over bytes. */
export function readMethod(payload: Uint8Array): Method {
  const reader = new ByteReader(payload);
  const classId = reader.short();
  const methodId = reader.short();
  const plan = BY_NUMBERS.get(numbersKey(classId, methodId));
  if (plan === undefined) throw syntaxError(`method ${methodId} of class ${classId} is unknown`, 0);
  const method: Record<string, unknown> = { kind: plan.kind };
  let bits = 0;
  let bitCount = 0;
  for (const { name, isReserved, codec } of plan.fields) {
    let value: unknown;
    if (codec === undefined) {
      if (bitCount % 8 === 0) bits = reader.octet();
      value = ((bits >> (bitCount % 8)) & 1) === 1;
      bitCount++;
    } else {
      bitCount = 0;
      value = codec.read(reader);
    }
    if (!isReserved) method[name] = value;
  }
  if (reader.left > 0) throw syntaxError(`${reader.left} bytes are left over behind ${plan.kind}`, reader.offset);
  return method as Method;
}

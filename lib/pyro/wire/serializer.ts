/**
 * What every serializer of Pyro does, and the numbers and names by which peers agree on one.
 *
 *     id   1 serpent   2 json   3 marshal   4 pickle   5 dill   6 msgpack   7 cloudpickle
 *
 * Values are those of `base/pyvalue`; objects travel as class dicts (`class_registry.ts`). pickle, dill and cloudpickle
 * run whatever code their text names, so they are known by name and always refused.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `SerializerBase`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { SerializeError } from "./errors.ts";

/** The serializers that exist here, with their number in the message header. */
export const SERIALIZER_IDS = { serpent: 1, json: 2, marshal: 3, msgpack: 6 } as const;

export type SerializerName = keyof typeof SERIALIZER_IDS;

/** Python's other serializers; both ends of a connection would hand over the machine they run on. */
const UNSAFE: ReadonlyMap<number, string> = new Map([[4, "pickle"], [5, "dill"], [7, "cloudpickle"]]);

/** Keyword arguments; keys are parameter names. */
export type Kwargs = Readonly<Record<string, unknown>>;

/** One call as it stands in the payload of an INVOKE message. */
export interface Call {
  readonly objectId: string;
  readonly method: string;
  /** Positional arguments; for `<batch>` the list of `(name, args, kwargs)`. */
  readonly args: readonly unknown[];
  /** Empty where Python sent `None` (batches and attributes do). */
  readonly kwargs: Kwargs;
}

export interface Serializer {
  readonly name: SerializerName;
  /** Number in the message header. */
  readonly id: number;

  /**
   * Writes one value; fresh bytes.
   * @throws {UsageError} or {SerializeError} that names the path of what cannot be written (`value.rows[3]`).
   */
  dumps(value: unknown): Uint8Array;

  /**
   * Reads one value; keeps nothing of `bytes`. Exceptions come as `Error` objects and are not thrown.
   * @throws {BadPayloadError} if the bytes are not this serializer's; {SerializeError}, {SecurityError} for a class
   * dict that nobody may read.
   */
  loads(bytes: Uint8Array): unknown;

  /**
   * Writes a call. A `Tuple` of `args` is written as a tuple (what Python's proxies send), a plain array as a list
   * (what they send to `Pyro.Daemon` and in batches); `kwargs` null is Python's `None`.
   */
  dumpsCall(objectId: string, method: string, args: readonly unknown[], kwargs: Kwargs | null): Uint8Array;

  /** Reads a call. @throws what `loads` throws; {BadPayloadError} where the value is no call. */
  loadsCall(bytes: Uint8Array): Call;
}

/** The serializers of one daemon or proxy. */
export interface Serializers {
  /** @throws {SerializeError} in Python's words for unknown ids, with the reason for the unsafe ones. */
  byId(id: number): Serializer;
  /** @throws {SerializeError} in Python's words for unknown names, with the reason for the unsafe ones. */
  byName(name: string): Serializer;
}

/** The error for a serializer that is not there, by id or name. */
export function noSuchSerializer(idOrName: number | string): SerializeError {
  const unsafe = [...UNSAFE].find((entry) => entry.includes(idOrName as never))?.[1];
  const words = typeof idOrName === "number"
    ? `no serializer available for id ${idOrName}`
    : `serializer '${idOrName}' is unknown or not available`;
  return new SerializeError(
    unsafe === undefined ? words : `${words}: ${unsafe} lets the peer run any code, it is never accepted here`,
  );
}

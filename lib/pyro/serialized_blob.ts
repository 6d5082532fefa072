import { UsageError } from "../base/errors.ts";
import { decompress } from "./compression.ts";
import { copyOf } from "../base/bytes.ts";
import { Flag, type Message } from "./wire/message.ts";
import type { Serializer } from "./wire/serializer.ts";

/** The arguments of a call as they came, not read yet. */
export interface RawArguments {
  readonly serializer: Serializer;
  /** The whole payload of the call, as it was on the wire. */
  readonly payload: Uint8Array;
  readonly isCompressed: boolean;
}

/**
 * Arguments that travel through dispatchers and gateways without being read by them. It has to be the only argument of its
 * call; a method that gets one may look at `info`, and hand the whole on to the next proxy.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `SerializedBlob`
 */
export class SerializedBlob {
  /** Short description that everybody on the way may read; what marshal can carry. */
  readonly info: unknown;
  readonly #args: readonly unknown[] | undefined;
  readonly #raw: RawArguments | undefined;
  readonly #maxBytes: number;

  /** @param args the arguments of the call */
  constructor(info: unknown, args: readonly unknown[] | RawArguments, maxBytes = Infinity) {
    this.info = info;
    this.#args = isRaw(args) ? undefined : args;
    this.#raw = isRaw(args) ? args : undefined;
    this.#maxBytes = maxBytes;
  }

  /** A blob that came with a call. */
  static received(info: unknown, message: Message, serializer: Serializer, maxBytes: number): SerializedBlob {
    const isCompressed = (message.flags & Flag.compressed) !== 0;
    return new SerializedBlob(info, { serializer, payload: copyOf(message.payload), isCompressed }, maxBytes);
  }

  /** What to send on unread, if it came that way. */
  get raw(): RawArguments | undefined {
    return this.#raw;
  }

  /** The arguments. @throws what reading them throws */
  deserialized(): readonly unknown[] {
    if (this.#args !== undefined) return this.#args;
    if (this.#raw === undefined) throw new UsageError("Cannot read the blob: it is empty");
    const { serializer, payload, isCompressed } = this.#raw;
    return serializer.loadsCall(isCompressed ? decompress(payload, this.#maxBytes) : payload).args;
  }
}

function isRaw(args: readonly unknown[] | RawArguments): args is RawArguments {
  return !Array.isArray(args);
}

/**
 * The msgpack serializer (id 6); Python has it where the package `msgpack` is installed.
 *
 *     call    [objectId, method, [positional…], {keyword: value…}]
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `MsgpackSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { parseCall } from "../call.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { type Call, type Kwargs, type Serializer, SERIALIZER_IDS } from "../serializer.ts";
import { type MsgpackReadOptions, readMsgpack } from "./read.ts";
import { msgpackWriter } from "./write.ts";

export class MsgpackSerializer implements Serializer {
  readonly name = "msgpack";
  readonly id = SERIALIZER_IDS.msgpack;
  readonly #classes: ClassRegistry;
  readonly #options: MsgpackReadOptions;

  constructor(classes: ClassRegistry, options: MsgpackReadOptions = {}) {
    this.#classes = classes;
    this.#options = options;
  }

  dumps(value: unknown): Uint8Array {
    const writer = msgpackWriter(this.#classes);
    writer.write(value, "value");
    return writer.finish();
  }

  loads(bytes: Uint8Array): unknown {
    return this.#classes.recreate(readMsgpack(bytes, this.#options));
  }

  dumpsCall(objectId: string, method: string, args: readonly unknown[], kwargs: Kwargs | null): Uint8Array {
    const writer = msgpackWriter(this.#classes);
    writer.arrayOf(4);
    writer.write(objectId, "objectId");
    writer.write(method, "method");
    writer.write(args, "args");
    writer.write(kwargs, "kwargs");
    return writer.finish();
  }

  loadsCall(bytes: Uint8Array): Call {
    return parseCall(readMsgpack(bytes, this.#options), this.#classes);
  }
}

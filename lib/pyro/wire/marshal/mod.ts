/**
 * The marshal serializer (id 3); also how a daemon says why it refuses a connection, whatever the client speaks.
 *
 *     call    (objectId, method, [positional…], {keyword: value…})
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `MarshalSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { parseCall } from "../call.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { type Call, type Kwargs, type Serializer, SERIALIZER_IDS } from "../serializer.ts";
import { type MarshalReadOptions, readMarshal } from "./read.ts";
import { MarshalWriter } from "./write.ts";

export class MarshalSerializer implements Serializer {
  readonly name = "marshal";
  readonly id = SERIALIZER_IDS.marshal;
  readonly #classes: ClassRegistry;
  readonly #options: MarshalReadOptions;

  constructor(classes: ClassRegistry, options: MarshalReadOptions = {}) {
    this.#classes = classes;
    this.#options = options;
  }

  dumps(value: unknown): Uint8Array {
    const writer = new MarshalWriter(this.#classes);
    writer.write(value, "value");
    return writer.finish();
  }

  loads(bytes: Uint8Array): unknown {
    return this.#classes.recreate(readMarshal(bytes, this.#options));
  }

  dumpsCall(objectId: string, method: string, args: readonly unknown[], kwargs: Kwargs | null): Uint8Array {
    const writer = new MarshalWriter(this.#classes);
    writer.tupleOf(4);
    writer.write(objectId, "objectId");
    writer.write(method, "method");
    writer.write([...args], "args"); // Python's serializer makes a list of the arguments, whatever they were
    writer.write(kwargs, "kwargs");
    return writer.finish();
  }

  loadsCall(bytes: Uint8Array): Call {
    return parseCall(readMarshal(bytes, this.#options), this.#classes);
  }
}

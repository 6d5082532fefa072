/**
 * The serpent serializer (id 1), Pyro's own and the default of both sides.
 *
 *     call    ('objectId','method',(positional…),{'keyword':value…} or None)
 *
 * Spec: serpent 1.41; Pyro4 4.82 `Pyro4/util.py` `SerpentSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { parseCall } from "../call.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { decodeText } from "../decode_text.ts";
import { type Call, type Kwargs, type Serializer, SERIALIZER_IDS } from "../serializer.ts";
import { parseSerpent, type SerpentParseOptions } from "./parse.ts";
import { writeSerpent, writeSerpentCall } from "./write.ts";

export class SerpentSerializer implements Serializer {
  readonly name = "serpent";
  readonly id = SERIALIZER_IDS.serpent;
  readonly #classes: ClassRegistry;
  readonly #options: SerpentParseOptions;

  constructor(classes: ClassRegistry, options: SerpentParseOptions = {}) {
    this.#classes = classes;
    this.#options = options;
  }

  dumps(value: unknown): Uint8Array {
    return writeSerpent(value, this.#classes);
  }

  loads(bytes: Uint8Array): unknown {
    const { value, hasClasses } = parseSerpent(decodeText(bytes, "serpent"), this.#options);
    return hasClasses ? this.#classes.recreate(value) : value;
  }

  dumpsCall(objectId: string, method: string, args: readonly unknown[], kwargs: Kwargs | null): Uint8Array {
    return writeSerpentCall(objectId, method, args, kwargs, this.#classes);
  }

  loadsCall(bytes: Uint8Array): Call {
    const { value, hasClasses } = parseSerpent(decodeText(bytes, "serpent"), this.#options);
    return parseCall(value, hasClasses ? this.#classes : undefined);
  }
}

/**
 * The json serializer (id 2).
 *
 *     call    {"object": id, "method": name, "params": […], "kwargs": {…} or null}
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `JsonSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { parseCall } from "../call.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { decodeText } from "../decode_text.ts";
import { BadPayloadError } from "../errors.ts";
import { type Call, type Kwargs, type Serializer, SERIALIZER_IDS } from "../serializer.ts";
import { isPlainObject } from "../../../base/pyvalue.ts";
import { type JsonParseOptions, parseJson } from "./parse.ts";
import { writeJson } from "./write.ts";

export class JsonSerializer implements Serializer {
  readonly name = "json";
  readonly id = SERIALIZER_IDS.json;
  readonly #classes: ClassRegistry;
  readonly #options: JsonParseOptions;

  constructor(classes: ClassRegistry, options: JsonParseOptions = {}) {
    this.#classes = classes;
    this.#options = options;
  }

  dumps(value: unknown): Uint8Array {
    return utf8(writeJson(value, this.#classes));
  }

  loads(bytes: Uint8Array): unknown {
    return this.#classes.recreate(parseJson(decodeText(bytes, "json"), this.#options));
  }

  dumpsCall(objectId: string, method: string, args: readonly unknown[], kwargs: Kwargs | null): Uint8Array {
    const part = (value: unknown, root: string) => writeJson(value, this.#classes, root);
    return utf8(
      `{"object": ${part(objectId, "objectId")}, "method": ${part(method, "method")}, "params": ${
        part(args, "args")
      }, "kwargs": ${part(kwargs, "kwargs")}}`,
    );
  }

  loadsCall(bytes: Uint8Array): Call {
    const call = parseJson(decodeText(bytes, "json"), this.#options);
    if (!isPlainObject(call)) throw new BadPayloadError("Cannot read a json call: it is not an object");
    return parseCall([call["object"], call["method"], call["params"], call["kwargs"]], this.#classes);
  }
}

/**
 * Message bodies and results in YAML, as kombu writes and reads them: by PyYAML's `safe_dump` and `safe_load`.
 *
 * Spec: kombu 5.6 kombu/serialization.py `register_yaml`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { strictUtf8ToString, utf8 } from "../../../base/bytes.ts";
import { DecodeError } from "../errors.ts";
import type { JsonReadOptions } from "../json_read.ts";
import type { Serializer } from "../serializer.ts";
import { constructYaml } from "./construct.ts";
import { emitYaml } from "./emit.ts";
import { parseYaml } from "./parser.ts";
import { Representer } from "./represent.ts";

/** Python's own reader gives up at its recursion limit, a little beyond it. */
const MAX_READ_DEPTH = 490;

export const yamlSerializer: Serializer = {
  name: "yaml",
  contentType: "application/x-yaml",
  contentEncoding: "utf-8",
  encode: (value, name = "value") => utf8(emitYaml(new Representer().represent(value, name))),
  encodeList: (list) => {
    const representer = new Representer();
    const items = list.map(([name, value]) => representer.represent(value, name));
    return utf8(emitYaml({ kind: "sequence", items }));
  },
  decode,
};

function decode(bytes: Uint8Array, { floats = "number", maxDepth = MAX_READ_DEPTH }: JsonReadOptions = {}): unknown {
  const node = parseYaml(textOf(bytes), maxDepth);
  return node === undefined ? null : constructYaml(node, floats === "exact");
}

function textOf(bytes: Uint8Array): string {
  try {
    return strictUtf8ToString(bytes);
  } catch (cause) {
    throw new DecodeError(`Cannot read YAML: the ${bytes.length} bytes are not UTF-8`, { cause });
  }
}

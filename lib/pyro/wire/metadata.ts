import { isPlainObject } from "../../base/pyvalue.ts";
import { isStringList } from "./checks.ts";
import { ProtocolError } from "./errors.ts";

/**
 * What of an object can be reached, as its daemon tells.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `get_exposed_members`. Pure: no sockets, no clocks, no promises.
 */
export interface Metadata {
  readonly methods: ReadonlySet<string>;
  /** Those of the methods that give no answer. */
  readonly oneway: ReadonlySet<string>;
  readonly attrs: ReadonlySet<string>;
}

export const NO_METADATA: Metadata = { methods: new Set(), oneway: new Set(), attrs: new Set() };

/** Reads `{'methods': …, 'oneway': …, 'attrs': …}`. The names come as list, tuple or set, by serializer. */
export function parseMetadata(value: unknown): Metadata {
  if (!isPlainObject(value)) throw new ProtocolError("Cannot read metadata: it is not a dict");
  return {
    methods: namesOf("methods", value["methods"]),
    oneway: namesOf("oneway", value["oneway"]),
    attrs: namesOf("attrs", value["attrs"]),
  };
}

function namesOf(what: string, value: unknown): ReadonlySet<string> {
  const names = value instanceof Set ? [...value] : value;
  if (!isStringList(names)) throw new ProtocolError(`Cannot read metadata: its ${what} are not a list of names`);
  return new Set(names);
}

import { Buffer } from "node:buffer";
import { PyFloat, Tuple } from "../../lib/base/pyvalue.ts";
import { decompress } from "../../lib/pyro/compression.ts";
import { isProxy } from "../../lib/pyro/mod.ts";
import { ClassRegistry } from "../../lib/pyro/wire/class_registry.ts";
import { PyroError, PyroRemoteError } from "../../lib/pyro/wire/errors.ts";
import { ExceptionWrapper, pythonClassOf } from "../../lib/pyro/wire/exceptions.ts";
import { Flag, type Message } from "../../lib/pyro/wire/message.ts";
import { createSerializers } from "../../lib/pyro/wire/serializers.ts";
import { Uri } from "../../lib/pyro/wire/uri.ts";

const classes = new ClassRegistry();
for (const remoteType of ["mymod.MyErr", "__main__.MainErr", "zlib.error"]) {
  classes.registerDictToClass(
    remoteType,
    ({ args }) => new PyroRemoteError("", { remoteType, args: Array.isArray(args) ? args : [] }),
  );
}
const serializers = createSerializers({ classes, keepFloats: true });

/** The payload of a message as plain data that tests can compare, with what differs by nature taken out. */
export function plainPayload(message: Message): unknown {
  const { flags, payload, serializerId } = message;
  if (serializerId === 42) return Buffer.from(payload).toString();
  return plain(
    serializers.byId(serializerId).loads((flags & Flag.compressed) === 0 ? payload : decompress(payload, 1e7)),
  );
}

/** The method that a captured request calls; of a batch the methods, joined. Empty where the payload cannot be read. */
export function methodOf({ flags, payload, serializerId }: Message): string {
  try {
    const bytes = (flags & Flag.compressed) === 0 ? payload : decompress(payload, 1e7);
    const { method, args } = serializers.byId(serializerId).loadsCall(bytes);
    return method === "<batch>" ? args.map((item) => Array.isArray(item) ? String(item[0]) : "").join() : method;
  } catch {
    return ""; // no call, or damaged on purpose
  }
}

/** Names of members come in any order; tracebacks and ports are nobody's business. */
export function plain(value: unknown): unknown {
  if (value instanceof PyFloat) return { float: String(value) };
  if (value instanceof Tuple) return { tuple: value.map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return { set: [...value].map(plain).sort() };
  if (value instanceof ExceptionWrapper) return { wrapped: plain(value.exception) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("latin1") };
  if (value instanceof Uri || isProxy(value)) {
    return String(value instanceof Uri ? value : value._pyroUri).replace(/:\d+$/, "");
  }
  if (value instanceof PyroError || value instanceof PyroRemoteError) {
    return { error: pythonClassOf(value), args: plain([...value.args]), attributes: plain(value.attributes) };
  }
  if (typeof value !== "object" || value === null) return value;
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(pairs.map(([key, item]) => {
    if (key === "_pyroTraceback") return [key, Array.isArray(item) ? "lines" : item];
    if (["methods", "oneway", "attrs"].includes(String(key)) && Array.isArray(item)) return [key, [...item].sort()];
    return [String(key), plain(item)];
  }));
}

/**
 * A proxy as it travels: the nine items by which the receiving side builds one of its own.
 *
 *     {'__class__':'Pyro4.core.Proxy','state':(uri, oneway, methods, attrs, timeout, hmacKey, handshake, retries, serializer)}
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy.__getstate_for_dict__`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { isStringList } from "./checks.ts";
import { ProtocolError } from "./errors.ts";
import { Uri } from "./uri.ts";
import { PyFloat, Tuple } from "../../base/pyvalue.ts";

export const PROXY_CLASS = "Pyro4.core.Proxy";

/** What one proxy tells another about itself. The HMAC key travels in clear, as Python's does. */
export interface ProxyState {
  readonly uri: Uri;
  readonly oneway: readonly string[];
  readonly methods: readonly string[];
  readonly attrs: readonly string[];
  readonly hmacKey: Uint8Array | undefined;
  readonly handshake: unknown;
  /** Name of the serializer; undefined: the receiver's own choice. */
  readonly serializer: string | undefined;
  /** Sent for old peers only: receivers use their own settings. Default 0, none. */
  readonly timeoutSeconds?: number | undefined;
  /** The same. Default 0. */
  readonly maxRetries?: number | undefined;
}

/**
 * How a daemon or proxy takes part in the writing and reading of values. Without one, values hold no proxies but
 * `Uri`s: a `Pyro4.core.Proxy` reads as the `Uri` it stands for.
 */
export interface ProxyCodec {
  /** What to send instead of `value`: for proxies, and for objects that a daemon has registered. Undefined: the value itself. */
  stateOf(value: object): ProxyState | undefined;
  /** Builds the proxy; without a connection, which it opens when it is first used. */
  fromState(state: ProxyState): unknown;
}

/** The class dict of a proxy. */
export function proxyToDict(state: ProxyState): Record<string, unknown> {
  const { uri, oneway, methods, attrs, hmacKey, handshake, serializer, timeoutSeconds = 0, maxRetries = 0 } = state;
  const key = hmacKey === undefined ? null : `b64:${Buffer.from(hmacKey).toString("base64")}`;
  const names = (list: readonly string[]) => Tuple.fromItems(list);
  return {
    __class__: PROXY_CLASS,
    state: Tuple.of<unknown>(
      uri.toString(),
      names(oneway),
      names(methods),
      names(attrs),
      new PyFloat(timeoutSeconds),
      key,
      handshake,
      maxRetries,
      serializer ?? null,
    ),
  };
}

/** Reads the `state` of a class dict: 8 or 9 items. @throws {ProtocolError} if it is no such state. */
export function parseProxyState(state: unknown): ProxyState {
  if (!Array.isArray(state) || state.length < 7) {
    throw new ProtocolError("Cannot read a proxy: its state is not a list of 8 or 9 items");
  }
  const [uri, oneway, methods, attrs, , key, handshake, , serializer] = state as unknown[];
  if (typeof uri !== "string") throw new ProtocolError("Cannot read a proxy: its URI is not a text");
  if (typeof key === "string" && key !== "" && !key.startsWith("b64:")) throw new ProtocolError("hmac encoding error");
  return {
    uri: Uri.parse(uri),
    oneway: namesOf("oneway", oneway),
    methods: namesOf("methods", methods),
    attrs: namesOf("attrs", attrs),
    hmacKey: typeof key === "string" && key !== "" ? Buffer.from(key.slice(4), "base64") : undefined,
    handshake,
    serializer: typeof serializer === "string" ? serializer : undefined,
  };
}

/** Metadata names come as list, tuple or set; serpent writes the empty set as `()`. */
function namesOf(what: string, names: unknown): string[] {
  const list = names instanceof Set ? [...names] : names;
  if (!isStringList(list)) throw new ProtocolError(`Cannot read a proxy: its ${what} are not a list of names`);
  return [...list];
}

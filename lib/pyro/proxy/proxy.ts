/**
 * Proxies: objects that stand for far ones.
 *
 *     const server = new Proxy<Server>("PYRONAME:server");
 *     console.log(await server.welcomeMessage("you"));
 *
 * A proxy has a closed set of names: those that the daemon has told, and its own, which begin with `_pyro`. It is never a
 * thenable: `then` and all symbols but `asyncDispose` are undefined.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy`
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { checkInteger, checkNumber, checkText } from "../../base/options.ts";
import { utf8 } from "../../base/bytes.ts";
import { CONNECTED_LOCATION } from "../connected_socket.ts";
import { config as defaultConfig } from "../env.ts";
import { splitArguments } from "../kwargs.ts";
import { registrationFor } from "../registrations.ts";
import { ClassRegistry } from "../wire/class_registry.ts";
import { PyroRemoteError } from "../wire/errors.ts";
import type { Metadata } from "../wire/metadata.ts";
import type { ProxyCodec, ProxyState } from "../wire/proxy_state.ts";
import { createSerializers } from "../wire/serializers.ts";
import { Uri } from "../wire/uri.ts";
import { resolveUri } from "./resolve.ts";
import { type CallOptions, NO_OPTIONS } from "./call_options.ts";
import type { Proxy as ProxyOf, Untyped } from "./proxy_types.ts";
import { RemoteObject } from "./remote_object.ts";
import { type ProxyOptions, type ProxySettings, resolveProxySettings } from "./settings.ts";

export interface ProxyConstructor {
  /**
   * @param uri `PYRO:object@host:port`, `PYRONAME:name` or `PYROMETA:tags`; nothing is connected before the first call. With
   * `connectedSocket` the id of an object.
   * @throws {PyroError} `invalid uri`
   */
  new <T extends object = Untyped>(uri: string | Uri, options?: ProxyOptions): ProxyOf<T>;
  readonly prototype: object;
}

/** What `instanceof Proxy` recognizes. */
class PyroProxy {
  constructor(uri: string | Uri, options?: ProxyOptions) {
    return createProxy(uri, options);
  }
}

/** A far object as if it were here. */
export type Proxy<T extends object = Untyped> = ProxyOf<T>;
export const Proxy = PyroProxy as ProxyConstructor;

/** Same as `new Proxy(…)`. */
export function createProxy<T extends object = Untyped>(uri: string | Uri, options: ProxyOptions = {}): ProxyOf<T> {
  const settings = resolveProxySettings(options);
  const text = settings.connectedSocket === undefined ? uri : `PYRO:${uri}@${CONNECTED_LOCATION}`;
  const parsed = text instanceof Uri ? text : Uri.parse(text, settings.config.NS_PORT);
  return proxyOf(new View(remoteObject(parsed, settings), NO_OPTIONS));
}

/** What works on proxies from outside needs: the remote object and the options; `undefined` for anything else. */
export function viewBehind(
  value: object,
): { readonly remote: RemoteObject; readonly options: CallOptions } | undefined {
  return behind.get(value);
}

/** True for proxies, whatever they stand for. */
export function isProxy(value: unknown): value is ProxyOf<Untyped> {
  return typeof value === "object" && value !== null && behind.has(value);
}

/**
 * How proxies travel, and how registered objects travel as proxies.
 * @param base options of the proxies that are read
 */
export function proxyCodec(base: ProxyOptions = {}): ProxyCodec {
  const isAutomatic = base.config?.AUTOPROXY ?? defaultConfig.AUTOPROXY;
  return {
    stateOf(value) {
      const view = behind.get(value);
      if (view !== undefined) return stateOf(view.remote);
      return isAutomatic ? registrationFor(value)?.state() : undefined;
    },
    fromState: (state) => proxyFromState(state, base),
  };
}

/** A proxy that knows what `state` knows; it is not connected. */
export function proxyFromState<T extends object = Untyped>(state: ProxyState, base: ProxyOptions = {}): ProxyOf<T> {
  const { uri, hmacKey, handshake, serializer } = state;
  const settings = resolveProxySettings({ ...base, hmacKey, handshake, serializer });
  const metadata = {
    methods: new Set(state.methods),
    oneway: new Set(state.oneway),
    attrs: new Set(state.attrs),
  };
  return proxyOf(new View(remoteObject(uri, settings, metadata), NO_OPTIONS));
}

function remoteObject(uri: Uri, settings: ProxySettings, metadata?: Metadata): RemoteObject {
  const { config, tls, log, keepFloats } = settings;
  const base: ProxyOptions = { config, log, ...(tls === undefined ? {} : { tls }) };
  const classes = settings.classes ?? new ClassRegistry({ proxies: proxyCodec(base) });
  return new RemoteObject(uri, settings, createSerializers({ classes, keepFloats }), resolveUri, metadata);
}

function stateOf({ uri, metadata, settings }: RemoteObject): ProxyState {
  const { hmacKey, handshake, serializer } = settings;
  return {
    uri,
    oneway: [...metadata.oneway],
    methods: [...metadata.methods],
    attrs: [...metadata.attrs],
    hmacKey: typeof hmacKey === "string" ? utf8(hmacKey) : hmacKey,
    handshake,
    serializer,
  };
}

/** Names that runtimes, test frameworks and `await` ask any object for; as properties of a proxy they mean nothing. */
const NEVER: ReadonlySet<string> = new Set([
  "then",
  "toJSON",
  "constructor",
  "prototype",
  "asymmetricMatch",
  "nodeType",
]);

/** What stands behind each proxy. */
const behind = new WeakMap<object, View>();

/** One remote object with the options that calls through this proxy have. */
class View {
  readonly remote: RemoteObject;
  readonly options: CallOptions;
  readonly #methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();

  constructor(remote: RemoteObject, options: CallOptions) {
    this.remote = remote;
    this.options = options;
  }

  /** What `proxy.name` is: a method, or a promise of an attribute; as long as nothing is known, both. */
  member(name: string): unknown {
    const { remote } = this;
    if (remote.metadata.attrs.has(name)) return remote.getAttribute(name, this.options);
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const method = (...args: unknown[]) => this.#call(name, args);
    if (remote.hasMetadata || !remote.settings.config.METADATA) {
      this.#methods.set(name, method);
      return method;
    }
    return Object.assign(method, this.#promiseOf(name));
  }

  #call(name: string, given: readonly unknown[]): Promise<unknown> {
    const { args, kwargs } = splitArguments(given);
    const { remote } = this;
    if (!remote.settings.config.METADATA || remote.metadata.methods.has(name)) {
      return remote.call(name, args, kwargs, this.options);
    }
    return this.#callUnknown(name, args, kwargs);
  }

  async #callUnknown(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    if (!(await this.remote.learn(this.options)).methods.has(name)) {
      throw this.#noMember(`attribute or method '${name}'`);
    }
    return await this.remote.call(name, args, kwargs, this.options);
  }

  /** The promise half of a member that is not known yet: it is read when it is awaited. */
  #promiseOf(name: string): Promise<unknown> {
    const read = async (): Promise<unknown> => {
      const { attrs, methods } = await this.remote.learn(this.options);
      if (attrs.has(name)) return await this.remote.getAttribute(name, this.options);
      if (methods.has(name)) return this.member(name);
      throw this.#noMember(`attribute or method '${name}'`);
    };
    return {
      then: (onfulfilled, onrejected) => read().then(onfulfilled, onrejected),
      catch: (onrejected) => read().catch(onrejected),
      finally: (onfinally) => read().finally(onfinally),
      [Symbol.toStringTag]: "Promise",
    };
  }

  async setAttribute(name: string, value: unknown): Promise<void> {
    const { remote, options } = this;
    const isKnown = !remote.settings.config.METADATA || (await remote.learn(options)).attrs.has(name);
    if (!isKnown) throw this.#noMember(`attribute '${name}'`);
    await remote.setAttribute(name, value, options);
  }

  #noMember(what: string): PyroRemoteError {
    return new PyroRemoteError(`remote object '${this.remote.uri}' has no exposed ${what}`, {
      remoteType: "builtins.AttributeError",
    });
  }
}

/** What a proxy has of its own, by name. */
const CONTROLS: ReadonlyMap<string, (view: View) => unknown> = new Map<string, (view: View) => unknown>([
  ["_pyroUri", ({ remote }) => remote.uri],
  ["_pyroMethods", ({ remote }) => remote.metadata.methods],
  ["_pyroOneway", ({ remote }) => remote.metadata.oneway],
  ["_pyroAttrs", ({ remote }) => remote.metadata.attrs],
  ["_pyroConnected", ({ remote }) => remote.isConnected],
  ["_pyroSeq", ({ remote }) => remote.seq],
  ["_pyroTimeout", ({ remote: { settings } }) => settings.timeoutMs === 0 ? null : settings.timeoutMs / 1000],
  ["_pyroMaxRetries", ({ remote: { settings } }) => settings.maxRetries],
  ["_pyroSerializer", ({ remote: { settings } }) => settings.serializer ?? null],
  ["_pyroHandshake", ({ remote: { settings } }) => settings.handshake],
  ["_pyroHmacKey", ({ remote: { settings } }) => settings.hmacKey ?? null],
  ["_pyroBind", ({ remote, options }) => () => remote.bind(options)],
  ["_pyroRelease", ({ remote }) => () => remote.release()],
  ["_pyroReconnect", ({ remote, options }) => (tries = 100_000_000) => remote.reconnect(tries, options)],
  ["_pyroPing", ({ remote, options }) => () => remote.ping(options)],
  [
    "_pyroInvoke",
    ({ remote, options }) => (method: string, args: unknown[] = [], kwargs = {}) =>
      remote.call(method, args, kwargs, options),
  ],
  ["_pyroGetAttribute", ({ remote, options }) => (name: string) => remote.getAttribute(name, options)],
  ["_pyroSetAttribute", (view) => (name: string, value: unknown) => view.setAttribute(name, value)],
  ["_pyroWith", ({ remote, options }) => (more: CallOptions) => proxyOf(new View(remote, { ...options, ...more }))],
]);

/** Those of them that may be assigned. */
const SETTERS: ReadonlyMap<string, (remote: RemoteObject, value: unknown) => void> = new Map<
  string,
  (remote: RemoteObject, value: unknown) => void
>([
  ["_pyroSeq", (remote, value) => remote.seq = checkInteger("_pyroSeq", value, { min: 0, max: 65_535 })],
  ["_pyroTimeout", ({ settings }, value) => {
    settings.timeoutMs = value === null ? 0 : checkNumber("_pyroTimeout", value, { min: 0 }) * 1000;
  }],
  ["_pyroMaxRetries", ({ settings }, value) => {
    settings.maxRetries = checkInteger("_pyroMaxRetries", value, { min: 0 });
  }],
  ["_pyroSerializer", ({ settings }, value) => {
    settings.serializer = value === null ? undefined : checkText("_pyroSerializer", value);
  }],
  ["_pyroHandshake", ({ settings }, value) => settings.handshake = value],
  ["_pyroHmacKey", ({ settings }, value) => {
    settings.hmacKey = value instanceof Uint8Array
      ? value
      : value === null
      ? undefined
      : checkText("_pyroHmacKey", value);
  }],
]);

function proxyOf<T extends object>(view: View): ProxyOf<T> {
  const { remote } = view;
  // What `console.log` shows. It is configurable, so that the traps below may say something else.
  const shown = { value: String(remote.uri), enumerable: true, configurable: true };
  const shell = Object.create(PyroProxy.prototype, { uri: shown }) as ProxyOf<T>;
  const proxy = new globalThis.Proxy(shell, {
    get(_, name) {
      if (typeof name === "symbol") return name === Symbol.asyncDispose ? () => remote.release() : undefined;
      const control = CONTROLS.get(name);
      if (control !== undefined) return control(view);
      return NEVER.has(name) || name.startsWith("_pyro") ? undefined : view.member(name);
    },
    set(_, name, value) {
      const setter = typeof name === "string" ? SETTERS.get(name) : undefined;
      if (setter === undefined) throw notAssignable(name);
      setter(remote, value);
      return true;
    },
    has(_, name) {
      if (typeof name === "symbol") return name === Symbol.asyncDispose;
      return CONTROLS.has(name) || remote.metadata.methods.has(name) || remote.metadata.attrs.has(name);
    },
    deleteProperty(_, name) {
      throw notAssignable(name);
    },
    defineProperty(_, name) {
      throw notAssignable(name);
    },
  });
  behind.set(proxy, view);
  return proxy;
}

function notAssignable(name: string | symbol): UsageError {
  const shown = String(name);
  return new UsageError(
    `Cannot assign ${shown} of a proxy: that could not be awaited; use await proxy._pyroSetAttribute("${shown}", value)`,
  );
}

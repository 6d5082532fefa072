/**
 * Which classes travel, and how: to and from dicts that carry a `__class__`.
 *
 * Reading walks lists, tuples, sets and dict values; a dict that has `__class__` is converted and its inside is left as
 * it is. Order of decisions for a class name: the registered converters · names with `__` are refused · Pyro's own
 * classes · exceptions · everything else is refused.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `class_to_dict`, `dict_to_class`, `recreate_classes`.
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { utf8ToString } from "../../base/bytes.ts";
import { emptyDict, isPlainObject, Tuple } from "../../base/pyvalue.ts";
import { SecurityError, SerializeError } from "./errors.ts";
import { dictToException, EXCEPTION_WRAPPER_CLASS, exceptionToDict, ExceptionWrapper } from "./exceptions.ts";
import { parseProxyState, PROXY_CLASS, type ProxyCodec, proxyToDict } from "./proxy_state.ts";
import { Uri, URI_CLASS } from "./uri.ts";

/** A dict as it travels. */
export type ClassDict = Readonly<Record<string, unknown>>;

// A constructor of any arguments; `never` is the only element type that every parameter list accepts.
type AnyClass<T> = abstract new (...args: never[]) => T;

/** Pyro classes that say nothing to the receiver; their dict is handed over as it is. */
const OPAQUE = /^Pyro4\.(?:core\.Daemon|util\.(?:Serpent|Pickle|Marshal|Json|Msgpack|Cloudpickle|Dill)Serializer)$/;

export interface ClassRegistryOptions {
  /** How proxies and registered objects are replaced; default: a proxy reads as its `Uri`, and none are written. */
  readonly proxies?: ProxyCodec;
}

/** The classes that one daemon or proxy reads and writes. Starts with Pyro's own and the exceptions. */
export class ClassRegistry {
  readonly #proxies: ProxyCodec | undefined;
  readonly #toDict = new Map<object, (value: never) => ClassDict>(); // by prototype
  readonly #fromDict = new Map<string, (dict: ClassDict, className: string) => unknown>();

  constructor(options: ClassRegistryOptions = {}) {
    this.#proxies = options.proxies;
  }

  /** Writes instances of `type`, and of its subclasses, as the dict that `convert` returns; it should have a `__class__`. */
  registerClassToDict<T>(type: AnyClass<T>, convert: (value: T) => ClassDict): void {
    this.#toDict.set(type.prototype as object, convert);
  }

  unregisterClassToDict(type: AnyClass<unknown>): void {
    this.#toDict.delete(type.prototype as object);
  }

  /** Reads dicts whose `__class__` is `className` with `convert`. What it throws reaches the caller. */
  registerDictToClass(className: string, convert: (dict: ClassDict, className: string) => unknown): void {
    this.#fromDict.set(className, convert);
  }

  unregisterDictToClass(className: string): void {
    this.#fromDict.delete(className);
  }

  /**
   * What a serializer writes in place of an object: a class dict, or `undefined` where it is none of ours. Ask it for
   * every object that is no array, tuple, set, map or value class of `base/pyvalue`; plain objects included, for a
   * daemon may have registered one.
   */
  toDict(value: object): ClassDict | undefined {
    const state = this.#proxies?.stateOf(value);
    if (state !== undefined) return proxyToDict(state);
    if (isPlainObject(value)) return undefined;
    if (this.#toDict.size > 0) {
      for (let at = prototypeOf(value); at !== null; at = prototypeOf(at)) {
        const convert = this.#toDict.get(at);
        if (convert !== undefined) return convert(value as never);
      }
    }
    if (value instanceof Uri) return { __class__: URI_CLASS, state: value.state };
    if (value instanceof Error) return exceptionToDict(value);
    if (value instanceof ExceptionWrapper) {
      return { __class__: EXCEPTION_WRAPPER_CLASS, exception: exceptionToDict(value.exception) };
    }
    return undefined;
  }

  /**
   * Turns a dict with a `__class__` into what it stands for.
   * @throws {SecurityError} for names with `__`; {SerializeError} for classes that nobody registered
   */
  fromDict(dict: ClassDict): unknown {
    const given = dict["__class__"];
    const name = given instanceof Uint8Array ? utf8ToString(given) : given;
    if (typeof name !== "string") throw new SerializeError("unsupported serialized class: its name is not a text");
    const convert = this.#fromDict.get(name);
    if (convert !== undefined) return convert(dict, name);
    if (name.includes("__")) {
      throw new SecurityError(`refused to deserialize types with double underscores in their name: ${name}`);
    }
    if (name === URI_CLASS) return Uri.fromState(dict["state"]);
    if (name === PROXY_CLASS) {
      const state = parseProxyState(dict["state"]);
      return this.#proxies === undefined ? state.uri : this.#proxies.fromState(state);
    }
    if (OPAQUE.test(name)) return dict;
    if (name === EXCEPTION_WRAPPER_CLASS) {
      const inner = dict["exception"];
      const error = isPlainObject(inner) && "__class__" in inner ? this.fromDict(inner) : inner;
      if (error instanceof Error) return new ExceptionWrapper(error);
    }
    const error = dictToException(name, dict);
    if (error !== undefined) return error;
    throw new SerializeError(`unsupported serialized class: ${name}`);
  }

  /** Converts every class dict in `value`, which it may change and return. Depth is the reader's concern: it has a limit. */
  recreate(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Tuple) return Tuple.fromItems(value.map((item) => this.recreate(item)));
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = this.recreate(value[i]);
      return value;
    }
    if (value instanceof Set) return new Set([...value].map((item) => this.recreate(item)));
    if (value instanceof Map) {
      return value.has("__class__") ? this.fromDict(textKeysOf(value)) : this.#recreateMap(value);
    }
    if (!isPlainObject(value)) return value;
    if ("__class__" in value) return this.fromDict(value);
    for (const key in value) value[key] = this.recreate(value[key]);
    return value;
  }

  #recreateMap(map: Map<unknown, unknown>): Map<unknown, unknown> {
    for (const [key, item] of map) map.set(key, this.recreate(item));
    return map;
  }
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

function textKeysOf(map: ReadonlyMap<unknown, unknown>): ClassDict {
  const dict = emptyDict();
  for (const [key, item] of map) if (typeof key === "string") dict[key] = item;
  return dict;
}

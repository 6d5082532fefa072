/**
 * Saying what of a class can be called from afar, without decorators.
 *
 *     class Warehouse {                                   class Warehouse { … }
 *       static exposed = ["take", "store"];          or   expose(Warehouse, ["take", "store"]);
 *       take(name: string) { … }
 *     }
 *
 * Nothing is exposed by default. Names come from a list, never from the wire.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `expose`, `behavior`, `oneway`, `callback`
 * @module
 */
import { UsageError } from "../base/errors.ts";

// A constructor of any arguments; `never` is the only element type that every parameter list accepts.
export type AnyClass<T extends object = object> = abstract new (...args: never[]) => T;

/** How many instances of a registered class there are: one a connection, one a daemon, or one a call. */
export type InstanceMode = "session" | "single" | "percall";

export interface Behavior<T extends object = object> {
  /** Default "session". */
  readonly instanceMode?: InstanceMode;
  /** Builds the instances; default: `new` without arguments. */
  readonly instanceCreator?: (type: new () => T) => T;
}

/** What was said about one class or object; inherited classes have an exposure of their own. */
export interface Exposure {
  /** Public names, all of the class's own public members, or none. */
  names: readonly string[] | "all" | undefined;
  oneway: readonly string[];
  callback: readonly string[];
  /** Methods that take keyword arguments of any name. */
  anyKwargs: readonly string[];
  behavior: Behavior;
  /** Parameter names of methods whose own text does not tell them. */
  params: ReadonlyMap<string, readonly string[]>;
}

export interface ExposeOptions {
  /**
   * Parameter names by method, for callers that pass arguments by name. Needed only for methods that take arguments
   * apart, or were minified: the others are read from the method's own text.
   */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /**
   * Methods that take keyword arguments of any name, as with Python's `**kwargs`: those that fit no other parameter come as
   * one dict in the last argument, which is always there. Beside a rest parameter it is the last of its items.
   */
  readonly anyKwargs?: readonly string[];
}

const exposures = new WeakMap<object, Exposure>();

/**
 * Exposes members of a class, or of one object: methods to be called, accessors to be read and written as attributes.
 *
 * @param names the members; default: every public member that the class itself defines, as Pyro's class decorator does
 * @returns `target`, so that `export const Thing = expose(class { … }, […])` reads well
 */
export function expose<T extends AnyClass>(
  target: T,
  names?: readonly (keyof InstanceType<T> & string)[],
  options?: ExposeOptions,
): T;
export function expose<T extends object>(target: T, names?: readonly (keyof T & string)[], options?: ExposeOptions): T;
export function expose<T extends object>(target: T, names?: readonly string[], options: ExposeOptions = {}): T {
  const exposure = exposureFor(target);
  exposure.names = names ?? "all";
  exposure.params = new Map(Object.entries(options.params ?? {}));
  exposure.anyKwargs = options.anyKwargs ?? [];
  return target;
}

/** Marks exposed methods whose callers do not wait for an answer; there is none, not even an error. */
export function oneway<T extends AnyClass>(target: T, names: readonly (keyof InstanceType<T> & string)[]): T {
  exposureFor(target).oneway = names;
  return target;
}

/** Marks exposed methods whose errors also end the connection, and are logged, on the side that was called. */
export function callback<T extends AnyClass>(target: T, names: readonly (keyof InstanceType<T> & string)[]): T {
  exposureFor(target).callback = names;
  return target;
}

/** Says how instances of a registered class come to be. */
export function behavior<T extends object, C extends new () => T>(target: C, how: Behavior<T>): C;
export function behavior<C extends AnyClass>(target: C, how: Behavior): C;
export function behavior<C extends AnyClass>(target: C, how: Behavior): C {
  exposureFor(target).behavior = { ...how };
  return target;
}

/**
 * What was said about `target` itself, by the functions above or by its static lists `exposed`, `oneway`, `callback`,
 * `anyKwargs` and the static `instanceMode`.
 */
export function exposureOf(target: object): Exposure | undefined {
  const said = exposures.get(target);
  if (typeof target !== "function") return said;
  const names = staticList(target, "exposed");
  const oneway = staticList(target, "oneway");
  const callback = staticList(target, "callback");
  const anyKwargs = staticList(target, "anyKwargs");
  const instanceMode = ownStatic(target, "instanceMode");
  if (names === undefined && said === undefined && instanceMode === undefined) return undefined;
  return {
    names: said?.names ?? names,
    oneway: [...said?.oneway ?? [], ...oneway ?? []],
    callback: [...said?.callback ?? [], ...callback ?? []],
    anyKwargs: [...said?.anyKwargs ?? [], ...anyKwargs ?? []],
    behavior: {
      ...(instanceMode === undefined ? {} : { instanceMode: checkMode(target, instanceMode) }),
      ...said?.behavior,
    },
    params: said?.params ?? new Map(),
  };
}

function exposureFor(target: object): Exposure {
  const before = exposures.get(target);
  if (before !== undefined) return before;
  const fresh: Exposure = {
    names: undefined,
    oneway: [],
    callback: [],
    anyKwargs: [],
    behavior: {},
    params: new Map(),
  };
  exposures.set(target, fresh);
  return fresh;
}

/** A static member of the class itself; one of a base class says nothing about a derived one. */
function ownStatic(target: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(target, name)?.value;
}

function staticList(target: { readonly name: string }, name: string): readonly string[] | undefined {
  const list = ownStatic(target, name);
  if (list === undefined || typeof list === "function") return undefined;
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw new UsageError(`Cannot expose ${target.name}: its static ${name} is no list of names`);
}

function checkMode(target: { readonly name: string }, mode: unknown): InstanceMode {
  if (mode === "session" || mode === "single" || mode === "percall") return mode;
  throw new UsageError(`Cannot register ${target.name}: invalid instance mode: ${String(mode)}`);
}

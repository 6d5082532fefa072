/**
 * What of an object can be reached: a Map from public name to member, built once from the class and what was said by
 * `expose`. It is the only thing that a name from the wire is ever looked up in.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `get_exposed_members`, `getAttribute`
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { type AnyClass, type Behavior, type Exposure, exposureOf } from "../expose.ts";
import { PyroRemoteError } from "../wire/errors.ts";
import { type Signature, signatureOf } from "./arguments.ts";
import { isPrivateName } from "./private_names.ts";

export interface Method {
  readonly kind: "method";
  readonly name: string;
  /** The function itself, as it was when the object was registered; called with the instance as `this`. */
  readonly run: (...args: readonly unknown[]) => unknown;
  readonly signature: Signature;
  readonly isOneway: boolean;
  readonly isCallback: boolean;
}

export interface Attribute {
  readonly kind: "attribute";
  readonly name: string;
  readonly get: (() => unknown) | undefined;
  readonly set: ((value: unknown) => void) | undefined;
}

export type Member = Method | Attribute;

/** The three lists by which a proxy knows an object. */
export interface Metadata {
  readonly methods: readonly string[];
  readonly oneway: readonly string[];
  readonly attrs: readonly string[];
}

/** The members of one registered class or object. */
export class Members {
  readonly className: string;
  readonly metadata: Metadata;
  readonly behavior: Behavior;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #unexposed: ReadonlySet<string>;

  /** Built by `membersOf`. */
  constructor(
    className: string,
    members: ReadonlyMap<string, Member>,
    unexposed: ReadonlySet<string>,
    behavior: Behavior,
  ) {
    this.className = className;
    this.behavior = behavior;
    this.#members = members;
    this.#unexposed = unexposed;
    const methods = [...members.values()].filter((member) => member.kind === "method");
    this.metadata = {
      methods: methods.map(({ name }) => name),
      oneway: methods.filter(({ isOneway }) => isOneway).map(({ name }) => name),
      attrs: [...members.values()].filter(({ kind }) => kind === "attribute").map(({ name }) => name),
    };
  }

  /** @throws Python's AttributeError for anything that is not an exposed method. */
  method(name: string): Method {
    const member = this.#members.get(name);
    if (member?.kind === "method") return member;
    if (isPrivateName(name)) throw attributeError(`attempt to access private attribute '${name}'`);
    if (member !== undefined || this.#unexposed.has(name)) {
      throw attributeError(`attempt to access unexposed attribute '${name}'`);
    }
    throw attributeError(`'${this.className}' object has no attribute '${name}'`);
  }

  /** @throws Python's AttributeError for anything that is not an exposed accessor. */
  attribute(name: string): Attribute {
    const member = this.#members.get(name);
    if (member?.kind === "attribute") return member;
    if (member !== undefined || this.#unexposed.has(name)) throw unknownAttribute(name);
    throw attributeError(`type object '${this.className}' has no attribute '${name}'`);
  }
}

export function attributeError(text: string): PyroRemoteError {
  return new PyroRemoteError(text, { remoteType: "builtins.AttributeError" });
}

/** For accessors that lack the half that is asked for, and for what is not exposed. */
export function unknownAttribute(name: string): PyroRemoteError {
  return attributeError(`attempt to access unexposed or unknown remote attribute '${name}'`);
}

/**
 * Looks at a class, or at one object and its class.
 *
 * Each class of the inheritance chain exposes its own members by its own list; where a derived class defines an exposed
 * name again, its own definition is what is called. Members of `Object` itself are out of reach.
 *
 * @param requireExpose false exposes every public member
 * @throws {UsageError} for a listed name that the class does not define, or that is private
 */
export function membersOf(target: AnyClass | object, requireExpose: boolean): Members {
  const isClass = typeof target === "function";
  const chain = isClass ? chainOf(target) : chainOfObject(target);
  const members = new Map<string, Member>();
  const unexposed = new Set<string>();
  const exposed = new Set<string>();
  const said: Said = { oneway: new Set(), callback: new Set(), anyKwargs: new Set(), params: new Map() };
  for (const { owner, holder } of chain) {
    const exposure = exposureOf(owner);
    for (const name of exposedNames(owner, holder, exposure, requireExpose)) exposed.add(name);
    for (const name of exposure?.oneway ?? []) said.oneway.add(name);
    for (const name of exposure?.callback ?? []) said.callback.add(name);
    for (const name of exposure?.anyKwargs ?? []) said.anyKwargs.add(name);
    for (const [name, params] of exposure?.params ?? []) if (!said.params.has(name)) said.params.set(name, params);
  }
  const className = classNameOf(target);
  for (const { holder } of chain) { // most derived first
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (members.has(name) || unexposed.has(name) || isPrivateName(name) || name === "constructor") continue;
      const member = exposed.has(name) ? memberFrom(className, name, descriptor, said) : undefined;
      if (member === undefined) unexposed.add(name);
      else members.set(name, member);
    }
  }
  const behaviors = chain.map(({ owner }) => exposureOf(owner)?.behavior ?? {});
  return new Members(className, members, unexposed, Object.assign({}, ...behaviors.reverse()) as Behavior);
}

/** Python's `__name__` of the class: `dict` and the like have none here. */
export function classNameOf(target: object): string {
  const type: unknown = typeof target === "function" ? target : target.constructor;
  return typeof type === "function" && type.name !== "" ? type.name : "object";
}

/** One step of the inheritance chain: `owner` is what `expose` was told about, `holder` has the members. */
interface Link {
  readonly owner: object;
  readonly holder: object;
}

function chainOf(type: object): Link[] {
  const chain: Link[] = [];
  for (let at = type; typeof at === "function" && at !== Function.prototype;) {
    const holder: unknown = Object.getOwnPropertyDescriptor(at, "prototype")?.value;
    if (typeof holder !== "object" || holder === null || holder === Object.prototype) break;
    chain.push({ owner: at, holder });
    at = Object.getPrototypeOf(at) as object;
  }
  return chain;
}

function chainOfObject(object: object): Link[] {
  const prototype: unknown = Object.getPrototypeOf(object);
  const own: Link = { owner: object, holder: object };
  if (typeof prototype !== "object" || prototype === null || prototype === Object.prototype) return [own];
  return [own, ...chainOf(prototype.constructor)];
}

function exposedNames(
  owner: object,
  holder: object,
  exposure: Exposure | undefined,
  requireExpose: boolean,
): readonly string[] {
  const own = () =>
    Object.entries(Object.getOwnPropertyDescriptors(holder))
      .filter(([name, descriptor]) => name !== "constructor" && !isPrivateName(name) && isReachable(descriptor))
      .map(([name]) => name);
  if (!requireExpose) return own();
  if (exposure?.names === undefined) return [];
  if (exposure.names === "all") return own();
  for (const name of exposure.names) checkExposed(owner, holder, name);
  return exposure.names;
}

function checkExposed(owner: object, holder: object, name: string): void {
  const what = `Cannot expose ${name} of ${classNameOf(owner)}`;
  if (isPrivateName(name)) throw new UsageError(`${what}: exposing private names (starting with _) is not allowed`);
  if (name === "constructor") throw new UsageError(`${what}: a constructor is no method`);
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  if (descriptor === undefined) throw new UsageError(`${what}: it does not define such a method or accessor itself`);
  if (!isReachable(descriptor)) throw new UsageError(`${what}: plain values are out of reach, give it a getter`);
}

function isReachable(descriptor: PropertyDescriptor): boolean {
  return typeof descriptor.value === "function" || descriptor.get !== undefined || descriptor.set !== undefined;
}

/** What the classes of a chain say about their methods, by name. */
interface Said {
  readonly oneway: Set<string>;
  readonly callback: Set<string>;
  readonly anyKwargs: Set<string>;
  readonly params: Map<string, readonly string[]>;
}

function memberFrom(className: string, name: string, descriptor: PropertyDescriptor, said: Said): Member | undefined {
  const { value, get, set } = descriptor as { value?: unknown; get?: () => unknown; set?: (value: unknown) => void };
  if (typeof value === "function") {
    const run = value as (...args: readonly unknown[]) => unknown;
    const signature = signatureOf(`${className}.${name}`, run, {
      names: said.params.get(name),
      takesAnyKeyword: said.anyKwargs.has(name),
    });
    return {
      kind: "method",
      name,
      run,
      signature,
      isOneway: said.oneway.has(name),
      isCallback: said.callback.has(name),
    };
  }
  return get === undefined && set === undefined ? undefined : { kind: "attribute", name, get, set };
}

import type { ProxyState } from "./wire/proxy_state.ts";

/** That an object, or a class, is registered with a daemon. */
export interface Registration {
  readonly objectId: string;
  /** The proxy that stands for it elsewhere. */
  state(): ProxyState;
}

const registrations = new WeakMap<object, Registration>();

/** Notes where `target` is registered; `undefined` forgets it. */
export function setRegistration(target: object, registration: Registration | undefined): void {
  if (registration === undefined) registrations.delete(target);
  else registrations.set(target, registration);
}

/** The registration of this very object or class. */
export function registrationOf(target: object): Registration | undefined {
  return registrations.get(target);
}

/**
 * The registration that stands for `value` when it is sent: its own, or that of its class or a base class.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `pyroObjectToAutoProxy`
 */
export function registrationFor(value: object): Registration | undefined {
  const own = registrations.get(value);
  if (own !== undefined) return own;
  for (let at = prototypeOf(value); at !== null && at !== Object.prototype; at = prototypeOf(at)) {
    const type: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    const found = typeof type === "function" ? registrations.get(type) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

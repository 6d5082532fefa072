import { registrationOf, setRegistration } from "../registrations.ts";
import { DaemonError } from "../wire/errors.ts";
import { type ProxyState } from "../wire/proxy_state.ts";
import { Uri } from "../wire/uri.ts";
import { type Members, membersOf } from "./members.ts";

export const DAEMON_ID = "Pyro.Daemon";

/** One registered object or class. */
export interface Entry {
  readonly objectId: string;
  readonly target: object;
  readonly isClass: boolean;
  members: Members;
}

export interface ObjectTableOptions {
  readonly requireExpose: boolean;
  /** Where the daemon is reached; with `nat` from outside. */
  readonly location: (nat: boolean) => string;
  /** A fresh id for objects that are registered without one. */
  readonly newId: () => string;
}

/**
 * The objects of one daemon, by id.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.register`, `unregister`, `uriFor`
 */
export class ObjectTable {
  readonly #options: ObjectTableOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ObjectTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** In the order of registration. */
  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  get(objectId: string): Entry | undefined {
    return this.#entries.get(objectId);
  }

  /**
   * @param force replaces what has the id, and registers again what has one
   * @throws {DaemonError} in Python's words where the object or the id is taken
   */
  register(target: object, objectId = this.#options.newId(), force = false): Uri {
    if (!force) {
      if (registrationOf(target) !== undefined) throw new DaemonError("object or class already has a Pyro id");
      if (this.#entries.has(objectId)) {
        throw new DaemonError("an object or class is already registered with that id");
      }
    }
    this.add(target, objectId);
    return this.uriFor(objectId);
  }

  /** `register` without questions, and without a URI: for what is there before the daemon has an address. */
  add(target: object, objectId: string): void {
    const members = membersOf(target, this.#options.requireExpose);
    const replaced = this.#entries.get(objectId);
    if (replaced !== undefined) setRegistration(replaced.target, undefined);
    this.#entries.set(objectId, { objectId, target, isClass: typeof target === "function", members });
    setRegistration(target, { objectId, state: () => this.stateOf(objectId) });
  }

  /** Unknown ids and the daemon's own object are left alone. @throws {DaemonError} for an object that is not registered */
  unregister(objectOrId: object | string): void {
    const objectId = this.#idOf(objectOrId, "object isn't registered");
    const entry = this.#entries.get(objectId);
    if (entry === undefined || objectId === DAEMON_ID) return;
    this.#entries.delete(objectId);
    setRegistration(entry.target, undefined);
  }

  /** Any text is taken for an id. @throws {DaemonError} for an object that is not registered here */
  uriFor(objectOrId: object | string, nat = true): Uri {
    return Uri.ofObject(this.#idOf(objectOrId, "object isn't registered in this daemon"), this.#options.location(nat));
  }

  /** What a proxy for a registered object knows. @throws {DaemonError} for anything else */
  stateOf(objectOrId: object | string, nat = true): ProxyState {
    const uri = this.uriFor(objectOrId, nat);
    const entry = this.#entries.get(uri.object);
    if (entry === undefined) throw new DaemonError("object isn't registered in this daemon");
    return { uri, ...entry.members.metadata, hmacKey: undefined, handshake: "hello", serializer: undefined };
  }

  /** Looks at the object again: its class may have got new members since. */
  resetMembers(objectOrId: object | string): void {
    const entry = this.#entries.get(this.#idOf(objectOrId, "object isn't registered in this daemon"));
    if (entry !== undefined) entry.members = membersOf(entry.target, this.#options.requireExpose);
  }

  /** Forgets all objects, so that they can be registered elsewhere. */
  clear(): void {
    for (const { target } of this.#entries.values()) setRegistration(target, undefined);
    this.#entries.clear();
  }

  #idOf(objectOrId: object | string, words: string): string {
    if (typeof objectOrId === "string") return objectOrId;
    const objectId = registrationOf(objectOrId)?.objectId;
    if (objectId === undefined || this.#entries.get(objectId)?.target !== objectOrId) throw new DaemonError(words);
    return objectId;
  }
}

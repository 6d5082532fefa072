import { PyroRemoteError } from "../wire/errors.ts";
import type { Entry } from "./object_table.ts";

/** The instances that one connection has caused, by class. */
export type SessionInstances = Map<object, object>;

/**
 * Instances of registered classes.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon._getInstance`
 */
export class Instances {
  readonly #singles: SessionInstances = new Map();

  /** The object to call: what is registered, or for a class the instance that its mode asks for, made now where there is none. */
  for(entry: Entry, session: SessionInstances): object {
    if (!entry.isClass) return entry.target;
    switch (entry.members.behavior.instanceMode ?? "session") {
      case "percall":
        return create(entry);
      case "single":
        return keep(this.#singles, entry);
      case "session":
        return keep(session, entry);
    }
  }
}

function keep(instances: SessionInstances, entry: Entry): object {
  const before = instances.get(entry.target);
  if (before !== undefined) return before;
  const fresh = create(entry);
  instances.set(entry.target, fresh);
  return fresh;
}

function create(entry: Entry): object {
  const type = entry.target as new () => object;
  const { instanceCreator } = entry.members.behavior;
  if (instanceCreator === undefined) return new type();
  const created: unknown = instanceCreator(type);
  if (created instanceof type) return created;
  throw new PyroRemoteError("instance creator returned object of different type", {
    remoteType: "builtins.TypeError",
  });
}

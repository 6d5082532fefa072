/**
 * From a call to the work that it asks for. Finding the work is one step, doing it another: what goes wrong in the first
 * is told even where a oneway caller will never hear of the second.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.handleRequest`
 * @module
 */
import { DaemonError } from "../wire/errors.ts";
import { Flag } from "../wire/message.ts";
import type { Call, Kwargs } from "../wire/serializer.ts";
import { bindArguments } from "./arguments.ts";
import { Batch } from "./batch.ts";
import type { Host } from "./host.ts";
import type { SessionInstances } from "./instances.ts";
import { type Members, type Method, unknownAttribute } from "./members.ts";

/** The work of one request. */
export interface Job {
  /** Does it; a promise where a method returned one. */
  run(): unknown;
  /** One method, which a oneway caller does not wait for; batches and attributes are done where they arrive. */
  readonly method: Method | undefined;
}

/**
 * Finds what `call` asks for; makes the instance if its class is registered and has none yet.
 * @throws {DaemonError} `unknown object`; Python's AttributeError for a member that is not exposed
 */
export function findJob(host: Host, call: Call, flags: number, session: SessionInstances): Job {
  const entry = host.objects.get(call.objectId);
  if (entry === undefined) throw new DaemonError("unknown object");
  const { members } = entry;
  const instance = host.instances.for(entry, session);
  if ((flags & Flag.batch) !== 0) return batchJob(host, members, instance, call.args);
  if (call.method === "__getattr__") return plainJob(() => readAttribute(members, instance, call.args));
  if (call.method === "__setattr__") return plainJob(() => writeAttribute(members, instance, call.args));
  const method = members.method(call.method);
  return { method, run: () => runMethod(method, instance, call.args, call.kwargs) };
}

function plainJob(run: () => unknown): Job {
  return { run, method: undefined };
}

function runMethod(method: Method, instance: object, args: readonly unknown[], kwargs: Kwargs): unknown {
  return Reflect.apply(method.run, instance, bindArguments(method.signature, args, kwargs));
}

function batchJob(host: Host, members: Members, instance: object, calls: readonly unknown[]): Job {
  const call = (name: string, args: readonly unknown[], kwargs: Kwargs) => {
    const method = members.method(name);
    try {
      return { value: runMethod(method, instance, args, kwargs) };
    } catch (error) {
      return { error };
    }
  };
  return plainJob(() => new Batch(calls, call, host.classes).run());
}

function readAttribute(members: Members, instance: object, [name]: readonly unknown[]): unknown {
  const { get } = members.attribute(String(name));
  if (get === undefined) throw unknownAttribute(String(name));
  return get.call(instance);
}

function writeAttribute(members: Members, instance: object, [name, value]: readonly unknown[]): null {
  const { set } = members.attribute(String(name));
  if (set === undefined) throw unknownAttribute(String(name));
  set.call(instance, value);
  return null;
}

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
  if ((flags & Flag.batch) !== 0) return new BatchJob(host, members, instance, call.args);
  if (call.method === "__getattr__" || call.method === "__setattr__") return new AttributeJob(members, instance, call);
  return new MethodJob(members.method(call.method), instance, call.args, call.kwargs);
}

class MethodJob implements Job {
  readonly method: Method;
  readonly #instance: object;
  readonly #args: readonly unknown[];
  readonly #kwargs: Kwargs;

  constructor(method: Method, instance: object, args: readonly unknown[], kwargs: Kwargs) {
    this.method = method;
    this.#instance = instance;
    this.#args = args;
    this.#kwargs = kwargs;
  }

  run(): unknown {
    return runMethod(this.method, this.#instance, this.#args, this.#kwargs);
  }
}

class BatchJob implements Job {
  readonly method = undefined;
  readonly #batch: Batch;

  constructor(host: Host, members: Members, instance: object, calls: readonly unknown[]) {
    this.#batch = new Batch(calls, host.classes, (name, args, kwargs) => {
      const method = members.method(name);
      try {
        return { value: runMethod(method, instance, args, kwargs) };
      } catch (error) {
        return { error };
      }
    });
  }

  run(): unknown {
    return this.#batch.run();
  }
}

class AttributeJob implements Job {
  readonly method = undefined;
  readonly #members: Members;
  readonly #instance: object;
  readonly #call: Call;

  constructor(members: Members, instance: object, call: Call) {
    this.#members = members;
    this.#instance = instance;
    this.#call = call;
  }

  run(): unknown {
    const [name, value] = this.#call.args;
    const { get, set } = this.#members.attribute(String(name));
    if (this.#call.method === "__getattr__") {
      if (get === undefined) throw unknownAttribute(String(name));
      return get.call(this.#instance);
    }
    if (set === undefined) throw unknownAttribute(String(name));
    set.call(this.#instance, value);
    return null;
  }
}

/** User code begins here; tracebacks end here. */
function runMethod(method: Method, instance: object, args: readonly unknown[], kwargs: Kwargs): unknown {
  return Reflect.apply(method.run, instance, bindArguments(method.signature, args, kwargs));
}

import { asError } from "../../base/errors.ts";
import type { ClassRegistry } from "../wire/class_registry.ts";
import { PyroRemoteError } from "../wire/errors.ts";
import { EXCEPTION_WRAPPER_CLASS } from "../wire/exceptions.ts";
import type { Kwargs } from "../wire/serializer.ts";
import { exceptionDict } from "./exception_dict.ts";

/** Does one call of a batch. What it throws itself fails the whole batch; what the method throws is the batch's last result. */
export type BatchCall = (name: string, args: readonly unknown[], kwargs: Kwargs) => BatchOutcome;

export type BatchOutcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * The calls of one batch, done one after the other. The first exception ends it and stands last in the results; a member
 * that is not exposed fails the whole batch, though the calls before it have been done.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.handleRequest`
 */
export class Batch {
  readonly #calls: readonly unknown[];
  readonly #call: BatchCall;
  readonly #classes: ClassRegistry;
  readonly #results: unknown[] = [];
  #failed = false;

  constructor(calls: readonly unknown[], classes: ClassRegistry, call: BatchCall) {
    this.#calls = calls;
    this.#call = call;
    this.#classes = classes;
  }

  /** @returns the results, or a promise of them where a method returned one. */
  run(): unknown {
    const pending = this.#advance();
    return pending === undefined ? this.#results : this.#finish(pending);
  }

  /** Goes on up to the end, or up to a call whose result has to be awaited. */
  #advance(): PromiseLike<unknown> | undefined {
    while (!this.#failed && this.#results.length < this.#calls.length) {
      const { name, args, kwargs } = parseItem(this.#calls[this.#results.length]);
      const outcome = this.#call(name, args, kwargs);
      if ("error" in outcome) this.#fail(outcome.error);
      else if (isThenable(outcome.value)) return outcome.value;
      else this.#results.push(outcome.value);
    }
    return undefined;
  }

  async #finish(first: PromiseLike<unknown>): Promise<unknown[]> {
    for (let pending: PromiseLike<unknown> | undefined = first; pending !== undefined; pending = this.#advance()) {
      try {
        this.#results.push(await pending);
      } catch (error) {
        this.#fail(error);
      }
    }
    return this.#results;
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#results.push({
      __class__: EXCEPTION_WRAPPER_CLASS,
      exception: exceptionDict(this.#classes, asError(error)),
    });
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise ||
    (typeof value === "object" && value !== null && "then" in value && typeof value.then === "function");
}

function parseItem(item: unknown): { name: string; args: readonly unknown[]; kwargs: Kwargs } {
  const [name, args, kwargs] = Array.isArray(item) ? item as unknown[] : [];
  if (typeof name !== "string" || !Array.isArray(args) || typeof kwargs !== "object") {
    throw new PyroRemoteError("Cannot read a batch: its items are not (name, args, kwargs)", {
      remoteType: "builtins.ValueError",
    });
  }
  return { name, args, kwargs: (kwargs ?? {}) as Kwargs };
}

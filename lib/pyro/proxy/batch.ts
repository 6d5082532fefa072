import { UsageError } from "../../base/errors.ts";
import { Tuple } from "../../base/pyvalue.ts";
import { type KeywordArguments, splitArguments } from "../kwargs.ts";
import { ExceptionWrapper } from "../wire/exceptions.ts";
import { Flag } from "../wire/message.ts";
import { viewBehind } from "./proxy.ts";
import type { Proxy } from "./proxy_types.ts";

/** A method of a batch: notes the call. */
export interface BatchedMethod<Args extends readonly unknown[]> {
  (...args: Args): void;
  (...args: [...unknown[], KeywordArguments]): void;
}

/** Collects calls; calling the batch itself sends them. */
export type Batch<T extends object> =
  & {
    readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends
      (...args: infer Args) => unknown ? BatchedMethod<Args> : never;
  }
  & {
    /**
     * Sends the collected calls in one message and forgets them.
     *
     * @returns their results in order. Reading them throws the exception of the call that failed; the calls after it were
     * not carried out.
     */
    (options?: { readonly oneway?: false }): Promise<Generator<unknown, void>>;
    /** There will be no results, not even errors. */
    (options: { readonly oneway: true }): Promise<void>;
  };

/** Names that `await` and others ask for; a batch is no promise. */
const NEVER: ReadonlySet<string> = new Set(["then", "toJSON", "constructor", "prototype"]);

/**
 * Collects many calls into one message.
 *
 *     const calls = batch(proxy);
 *     calls.add(1, 2);
 *     calls.add(3, 4);
 *     for (const sum of await calls()) …
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_BatchProxyAdapter`
 */
export function batch<T extends object>(proxy: Proxy<T>): Batch<T> {
  const view = viewBehind(proxy);
  if (view === undefined) throw new UsageError("Cannot batch calls: that is no proxy");
  let calls: Tuple[] = [];
  const collect = (name: string) => (...given: unknown[]) => {
    const { args, kwargs } = splitArguments(given);
    calls.push(Tuple.of<unknown>(name, Tuple.fromItems(args), kwargs));
  };
  const send = async (options: { readonly oneway?: boolean } = {}) => {
    const args = calls;
    calls = [];
    const flags = Flag.batch | (options.oneway === true ? Flag.oneway : 0);
    const results = await view.remote.invoke(
      { objectId: "", method: "<batch>", args, kwargs: null, flags },
      view.options,
    );
    return options.oneway === true ? undefined : unwrap(results);
  };
  return new globalThis.Proxy(send, {
    get(_, name) {
      return typeof name === "symbol" || NEVER.has(name) ? undefined : collect(name);
    },
  }) as Batch<T>;
}

function* unwrap(results: unknown): Generator<unknown, void> {
  for (const result of Array.isArray(results) ? results as unknown[] : []) {
    if (result instanceof ExceptionWrapper) throw result.exception;
    yield result;
  }
}

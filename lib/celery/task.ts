import { UsageError } from "../base/errors.ts";
import { type AnyFunction, bindArguments, type ParameterList, parametersOf, withoutFirst } from "../base/parameters.ts";
import { type ApplyOptions, toWireOptions, type WireOptions } from "./apply_options.ts";
import type { Celery } from "./app.ts";
import type { AsyncResult } from "./async_result.ts";
import { chunksOf, mapOf, starmapOf } from "./canvas/map.ts";
import { createNode } from "./canvas/node.ts";
import { type GroupSignature, Signature } from "./canvas/signature.ts";
import { applyEagerly, passThroughSerializer } from "./eager.ts";
import { TaskContext, type TaskHost } from "./task_context.ts";
import { checkTaskOptions, type TaskOptions, type TaskProperties, taskProperties } from "./task_options.ts";
import { directRequest, type TaskRequest } from "./task_request.ts";

/** What is left of `All` before `Last`: the arguments that a partial signature still waits for. */
export type Missing<All extends unknown[], Last extends readonly unknown[]> = number extends All["length"] ? unknown[]
  : Last extends readonly [unknown, ...infer More]
    ? Required<All> extends [...infer First, unknown] ? Missing<First, More> : []
  : All;

/** Every list that `All` may end with, down to none. */
export type Ending<All extends readonly unknown[]> = number extends All["length"] ? All
  : All extends readonly [] ? []
  : All extends readonly [unknown?, ...infer Rest] ? All | Ending<Rest>
  : [];

/** Every list that `All` may begin with. */
export type Beginning<All extends readonly unknown[]> = { [Index in keyof All]?: All[Index] } & readonly unknown[];

/**
 * A registered task. Calling it runs the function here; `delay` and `applyAsync` send it to a worker.
 *
 * `A` and `R` come from the function: `add.delay(5, "5")` does not compile, and `await add.delay(5, 5).get()` is a number.
 */
export interface Task<A extends unknown[] = unknown[], R = unknown> {
  /** Runs the function here and now, as in Python: there is no message and no result in the backend. */
  (...args: A): R;
  /** Registered name: `addTask.add`. */
  readonly name: string;
  readonly app: Celery;
  /** What its worker goes by; read from options and settings when asked. */
  readonly properties: TaskProperties;
  /** Options as they were given. */
  readonly options: TaskOptions;
  /** Options that every message of this task has, under Python's names; read from the settings once. */
  readonly messageOptions: WireOptions;

  /**
   * Sends the task. What is wrong with the call throws here; a broker that cannot be reached rejects `published` and `get()`.
   */
  delay(...args: A): AsyncResult<Awaited<R>>;
  /** Sends the task with options; `kwargs` binds arguments by name, as Python does. */
  applyAsync(args: A, options?: ApplyOptions): AsyncResult<Awaited<R>>;
  applyAsync(args: Beginning<A>, options: ApplyOptions & KeywordArguments): AsyncResult<Awaited<R>>;
  /** Runs the task here as a worker would run it: with a request, retries and links, but without broker. */
  apply(args: A, options?: ApplyOptions & Partial<KeywordArguments>): AsyncResult<Awaited<R>>;

  /** A call to be made later; what is missing of the arguments comes first, from the task before it. */
  s<Last extends Ending<A>>(...args: Last): Signature<Awaited<R>, Missing<A, Last>>;
  /** A call that takes nothing from the task before it. */
  si(...args: A): Signature<Awaited<R>, []>;
  /** A call with keyword arguments and options. */
  signature(
    args?: readonly unknown[],
    options?: ApplyOptions & Partial<KeywordArguments> & { readonly immutable?: boolean },
  ): Signature<Awaited<R>, unknown[]>;
  /** One task that calls this one for each item, in order. */
  map(items: Iterable<A[0]>): Signature<Awaited<R>[], []>;
  /** One task that calls this one for each list of arguments, in order. */
  starmap(items: Iterable<Readonly<A>>): Signature<Awaited<R>[], []>;
  /** Tasks of `size` calls each. */
  chunks(items: Iterable<Readonly<A>>, size: number): GroupSignature<Awaited<R>[][]>;

  /** Runs the function with a request: what a worker's process calls. Keyword arguments are bound to their places. */
  run(request: TaskRequest, host: TaskHost): unknown;
  /** @throws {TypeError} in Python's words, for arguments that do not fit the parameters */
  check(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void;
  /** How many arguments the function takes by position; Infinity with a rest parameter. */
  readonly arity: number;
  /** `self` for hooks of a run. */
  context(request: TaskRequest, host: TaskHost): TaskContext;
}

export interface KeywordArguments {
  /** Arguments by name. */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Any task, as registries hold them: what it takes and gives is known where it is defined, not where it is looked up. */
export type AnyTask = Pick<
  Task,
  "name" | "app" | "properties" | "options" | "messageOptions" | "run" | "context" | "check" | "arity"
>;

/** What a call wants that was given `kwargs` among its options. */
export type CallWithKeywords = ApplyOptions & Partial<KeywordArguments>;

/**
 * Makes the callable that `app.task` returns.
 *
 * @throws {UsageError} for options that cannot hold together
 */
export function createTask<A extends unknown[], R>(
  app: Celery,
  name: string,
  options: TaskOptions,
  fn: AnyFunction,
): Task<A, R> {
  checkTaskOptions(name, options);
  return new TaskMaker(app, name, options, fn).make() as Task<A, R>;
}

/** The parts of a task that are not its types. */
class TaskMaker {
  readonly #app: Celery;
  readonly #name: string;
  readonly #options: TaskOptions;
  readonly #fn: (...args: unknown[]) => unknown;
  readonly #parameters: ParameterList;
  /** Name in error texts: Python shows the function's. */
  readonly #shortName: string;
  #messageOptions: WireOptions | undefined;

  constructor(app: Celery, name: string, options: TaskOptions, fn: AnyFunction) {
    this.#app = app;
    this.#name = name;
    this.#options = options;
    this.#fn = fn as (...args: unknown[]) => unknown;
    const parameters = parametersOf(fn, options.params);
    const own = options.bind === true && options.params === undefined ? withoutFirst(parameters) : parameters;
    this.#parameters = { ...own, takesAnyKeyword: options.anyKwargs ?? false };
    this.#shortName = name.slice(name.lastIndexOf(".") + 1);
  }

  make(): object {
    const call = (...args: unknown[]): unknown => this.#callDirectly(args);
    const members = {
      app: this.#app,
      options: this.#options,
      delay: (...args: unknown[]) => this.#applyAsync(args, NO_KEYWORDS, NO_OPTIONS),
      applyAsync: (args: readonly unknown[], options: CallWithKeywords = {}) => {
        const { kwargs = {}, ...rest } = options;
        return this.#applyAsync(args, kwargs, toWireOptions(rest));
      },
      apply: (args: readonly unknown[], options: CallWithKeywords = {}) => {
        const { kwargs = {}, ...rest } = options;
        return applyEagerly(this.#app, this.#name, args, kwargs, toWireOptions(rest));
      },
      s: (...args: unknown[]) => this.#signature(args, {}),
      si: (...args: unknown[]) => this.#signature(args, { immutable: true }),
      signature: (args: readonly unknown[] = [], options: CallWithKeywords & { immutable?: boolean } = {}) =>
        this.#signature(args, options),
      map: (items: Iterable<unknown>) => mapOf(this.#signature([], {}), items),
      starmap: (items: Iterable<readonly unknown[]>) => starmapOf(this.#signature([], {}), items),
      chunks: (items: Iterable<readonly unknown[]>, size: number) => chunksOf(this.#signature([], {}), items, size),
      arity: this.#parameters.hasRest ? Infinity : this.#parameters.positional.length,
      check: (args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => this.#check(args, kwargs),
      run: (request: TaskRequest, host: TaskHost) => this.#run(request, host),
      context: (request: TaskRequest, host: TaskHost) => this.#context(request, host),
    };
    const getProperties = () => taskProperties(this.#name, this.#options, this.#app.conf);
    return Object.defineProperties(Object.assign(call, members), {
      name: { value: this.#name },
      properties: { get: getProperties },
      messageOptions: { get: () => this.#messageOptions ??= messageOptions(this.#options, getProperties()) },
    });
  }

  #signature(args: readonly unknown[], given: CallWithKeywords & { immutable?: boolean }): Signature {
    const { kwargs = {}, immutable = false, ...rest } = given;
    const options = { ...toWireOptions(rest) };
    return new Signature(this.#app, createNode(this.#name, { args, kwargs: { ...kwargs }, options, immutable }));
  }

  #applyAsync(
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: WireOptions,
  ): AsyncResult<never> {
    const app = this.#app;
    if (!app.conf.taskAlwaysEager) return app.sendKnown(this.#name, args, kwargs, options);
    this.#check(args, kwargs);
    const [ownArgs, ownKwargs] = passThroughSerializer(
      app,
      args,
      kwargs,
      options.serializer ?? app.conf.taskSerializer,
    );
    return applyEagerly(app, this.#name, ownArgs, ownKwargs, options);
  }

  /** Refuses at the call what would fail in the worker. */
  #check(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void {
    if (this.#options.typing === false) return;
    const { positional, hasRest } = this.#parameters;
    for (const _ in kwargs) return void bindArguments(this.#shortName, this.#parameters, args, kwargs);
    const isPlain = args.length === positional.length || (hasRest && args.length > positional.length);
    if (!isPlain) bindArguments(this.#shortName, this.#parameters, args, kwargs);
  }

  #callDirectly(args: unknown[]): unknown {
    if (this.#options.bind !== true) return this.#fn(...args);
    return this.#fn(this.#context(directRequest(this.#name, args), DIRECT), ...args);
  }

  #run(request: TaskRequest, host: TaskHost): unknown {
    const bound = bindArguments(this.#shortName, this.#parameters, request.args, request.kwargs);
    if (this.#options.bind !== true) return this.#fn(...bound);
    return this.#fn(this.#context(request, host), ...bound);
  }

  #context(request: TaskRequest, host: TaskHost): TaskContext {
    return new TaskContext(this.#app, request, taskProperties(this.#name, this.#options, this.#app.conf), host);
  }
}

/**
 * Spec: celery 5.6 celery/app/task.py `extract_exec_options`, `Task.apply_async`
 */
function messageOptions(options: TaskOptions, properties: TaskProperties): WireOptions {
  const { queue, exchange, routingKey, expires, deliveryMode } = options;
  const { priority, serializer, compression, timeLimit, softTimeLimit, ignoreResult } = properties;
  const all: WireOptions = {
    queue: queue ?? null,
    exchange: exchange ?? null,
    routing_key: routingKey ?? null,
    priority,
    expires: expires ?? null,
    serializer,
    delivery_mode: deliveryMode ?? null,
    compression,
    time_limit: timeLimit,
    soft_time_limit: softTimeLimit,
    ignore_result: ignoreResult,
  };
  return Object.freeze(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)));
}

const NO_KEYWORDS = Object.freeze({});
const NO_OPTIONS: WireOptions = Object.freeze({});

const refuse = (attempt: string) => () => {
  throw new UsageError(`Cannot ${attempt}: the task was called as a function`, { code: "ERR_STATE" });
};

/** A function call has nobody to stop it, and no place to store states. */
const DIRECT: TaskHost = {
  signal: new AbortController().signal,
  store: refuse("store a state"),
  sendEvent: refuse("send an event"),
};

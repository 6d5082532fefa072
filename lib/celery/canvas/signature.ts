import type { Celery } from "../app.ts";
import { type ApplyOptions, type SignatureLike, toWireOptions } from "../apply_options.ts";
import type { AsyncResult } from "../async_result.ts";
import type { GroupResult } from "../group_result.ts";
import { parseJson } from "../wire/json_read.ts";
import { stringifyJson } from "../wire/json_write.ts";
import type { SignatureData } from "../wire/signature.ts";
import { applyNode } from "./apply.ts";
import { combine } from "./combine.ts";
import { freeze, type Freezing } from "./freeze.ts";
import { link, linkError } from "./links.ts";
import { clone, fromData, headerOf, kindOf, type Node, tasksOf } from "./node.ts";
import type { Application } from "./plan.ts";
import { resultOf, sendNode } from "./send.ts";
import { stamp, type StampOptions, type Stamps } from "./stamp.ts";

/** A group, chain of tasks that ends in one, or whatever else gives several results. */
export type GroupSignature<Values extends readonly unknown[] = readonly unknown[]> = Signature<
  Values,
  unknown[],
  GroupResult<Values>
>;

/** Any signature, where it does not matter what it takes and gives. */
export interface AnySignature {
  readonly app: Celery;
  readonly node: Node;
  toJSON(): SignatureData;
}

export interface SetOptions extends ApplyOptions {
  /** True: takes no arguments from the task before it. */
  readonly immutable?: boolean;
}

export interface CallKeywords {
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/**
 * A call that is made later: by you, after another task, or as a part of a group or chord.
 *
 * `R` is what it results in, `M` what is still missing of its arguments, which the call (or the task before it) puts first.
 *
 * @example
 * ```ts
 * const result = add.s(2, 2).pipe(add.s(4)).delay(); // (2 + 2) + 4
 * console.log(await result.get());
 * ```
 */
export class Signature<
  R = unknown,
  M extends unknown[] = unknown[],
  Result extends AsyncResult | GroupResult = AsyncResult<R>,
> {
  readonly app: Celery;
  /** The signature's data; parts of canvases are data in it. */
  readonly node: Node;
  /** For the compiler alone: it compares what signatures take by this, which it would not by their methods. */
  declare readonly takes?: (...missing: M) => void;

  constructor(app: Celery, node: Node) {
    this.app = app;
    this.node = node;
  }

  get task(): string {
    return this.node.task;
  }

  get args(): readonly unknown[] {
    return this.node.args;
  }

  get kwargs(): Readonly<Record<string, unknown>> {
    return this.node.kwargs;
  }

  /** Options under their Python names. */
  get options(): Readonly<Record<string, unknown>> {
    return this.node.options;
  }

  /** Id of the task, once it is frozen or sent. */
  get id(): string | undefined {
    return typeof this.node.options.task_id === "string" ? this.node.options.task_id : undefined;
  }

  /** Sends it. Arguments come before its own, keyword arguments over them. */
  delay(...args: M): Result {
    return this.#start({ args });
  }

  /** Sends it with options. */
  applyAsync(args: M, options: ApplyOptions & CallKeywords = {}): Result {
    const { kwargs, ...rest } = options;
    return this.#start({ args, kwargs, options: toWireOptions(rest) });
  }

  #start(application: Application): Result {
    const start = this.app.conf.taskAlwaysEager ? applyNode : sendNode;
    return start(this.app, clone(this.node), application) as Result;
  }

  /** Runs it here, without broker: all of its tasks have to be registered in this process. */
  apply(...args: M): Result {
    return applyNode(this.app, clone(this.node), { args }) as Result;
  }

  /** Sets options, or whether it is immutable. */
  set(options: SetOptions): this {
    const { immutable, ...rest } = options;
    if (immutable !== undefined) setImmutable(this.node, immutable);
    Object.assign(this.node.options, toWireOptions(rest));
    return this;
  }

  /** A copy, with arguments before its own and options over them. */
  clone(args: readonly unknown[] = [], options: ApplyOptions & CallKeywords = {}): Signature<R, M, Result> {
    const { kwargs, ...rest } = options;
    return new Signature(this.app, clone(this.node, args, kwargs, toWireOptions(rest)));
  }

  /** Has `callback` called with the result. @returns the callback, as in Python */
  link<S extends SignatureLike>(callback: S): S {
    link(this.node, nodeOf(callback));
    return callback;
  }

  /** Has `errback` called on failure. @returns the errback, as in Python */
  linkError<S extends SignatureLike>(errback: S): S {
    linkError(this.node, nodeOf(errback), this.app.canvasContext);
    return errback;
  }

  /** As `linkError`, but returns the signature itself. */
  onError(errback: SignatureLike): this {
    this.linkError(errback);
    return this;
  }

  /**
   * What Python writes as `this | next`: `next` runs with the result of this one. A group before another task becomes a chord.
   */
  pipe<R2, Result2 extends AsyncResult | GroupResult>(
    next: Signature<R2, [R], Result2>,
  ): Signature<R2, M, Result2> {
    return new Signature(this.app, combine(this.node, next.node, this.app.canvasContext));
  }

  /**
   * Gives it and its parts their ids, so that its result is known before it is sent. Send it once then: another message with the
   * same id would be the same task.
   */
  freeze(options: Freezing = {}): Result {
    return resultOf(this.app, freeze(this.node, options, this.app.canvasContext)) as Result;
  }

  /** Stamps it and all its parts: the stamps travel in their headers, and workers can revoke by them. */
  stamp(stamps: Stamps, options: StampOptions = {}): this {
    stamp(this.node, stamps, options);
    return this;
  }

  /** Has the tasks of a group run one after the other: `countdown` grows by `step` seconds from one to the next. */
  skew(start = 1, stop?: number, step = 1): this {
    const tasks = kindOf(this.node) === "chord" ? headerOf(this.node) : tasksOf(this.node);
    tasks.forEach((task, at) => task.options.countdown = Math.min(start + at * step, stop ?? Infinity));
    return this;
  }

  toJSON(): SignatureData {
    return this.node;
  }
}

/** More than a signature can have, which is told better where it is read. */
const MAX_DATA_DEPTH = 2000;

/** The node of a signature, or one of its data. */
export function nodeOf(signature: SignatureLike): Node {
  if (signature instanceof Signature) return signature.node;
  const data = "toJSON" in signature ? signature.toJSON() : signature;
  const json = stringifyJson(data, { name: "signature", maxDepth: MAX_DATA_DEPTH });
  return fromData(parseJson(json, { floats: "exact", maxDepth: MAX_DATA_DEPTH })); // bytes and dates stay what they are
}

/** Of a group its tasks are, of a chord those of its header. */
function setImmutable(node: Node, immutable: boolean): void {
  switch (kindOf(node)) {
    case "group":
      for (const task of tasksOf(node)) setImmutable(task, immutable);
      return;
    case "chord":
      for (const task of headerOf(node)) setImmutable(task, immutable);
      return;
    case "chain":
    case "task":
      node.immutable = immutable;
  }
}

import { randomUUID } from "node:crypto";
import type { Celery } from "./app.ts";
import type { SignatureLike, WireOptions } from "./apply_options.ts";
import { AsyncResult } from "./async_result.ts";
import { fromData, valuesOf } from "./canvas/node.ts";
import { applyNode } from "./canvas/apply.ts";
import { sendNode } from "./canvas/send.ts";
import { callTask } from "./call_task.ts";
import { Ignore, Reject, Retry } from "./control_flow.ts";
import { type Run, RunSignals } from "./signals/run_signals.ts";
import type { AnyTask } from "./task.ts";
import type { TaskContext, TaskHost } from "./task_context.ts";
import type { TaskRequest } from "./task_request.ts";
import type { ResultMeta } from "./wire/result_meta.ts";
import { saferepr, safereprArgs } from "./wire/saferepr.ts";
import type { SignatureData } from "./wire/signature.ts";
import { NotRegistered } from "./wire/task_errors.ts";
import { isoAt } from "./wire/timezone.ts";
import { tracebackOf } from "./wire/traceback.ts";

/** Arguments as a worker would get them, so that an eager test finds what JSON cannot carry. */
export function passThroughSerializer(
  app: Celery,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  serializerName: string,
): readonly [readonly unknown[], Readonly<Record<string, unknown>>] {
  const serializer = app.serializers.get(serializerName);
  const bytes = serializer.encodeList([["args", args], ["kwargs", kwargs]]);
  const [ownArgs, ownKwargs] = serializer.decode(bytes) as [unknown[], Record<string, unknown>];
  return [ownArgs, ownKwargs];
}

/**
 * Runs a registered task in this process, with a request, retries and links. A function that is not async has run when this returns.
 *
 * Spec: celery 5.6 celery/app/task.py `Task.apply`
 *
 * @throws what the task throws, if the setting `taskEagerPropagates` says so and it is not async
 */
export function applyEagerly(
  app: Celery,
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: WireOptions,
): AsyncResult<never> {
  const task = app.tasks.get(name);
  if (task === undefined) throw new NotRegistered([name]);
  const run = new EagerRun(app, task, eagerRequest(app, name, args, kwargs, options));
  const settled = run.start();
  settled.catch(() => {}); // shown by the result to whoever asks
  return new AsyncResult<never>(run.id, app, { settled, ignored: options.ignore_result ?? false });
}

function eagerRequest(
  app: Celery,
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: WireOptions,
): TaskRequest {
  const parent = app.currentTask.request;
  const id = options.task_id ?? randomUUID();
  return {
    id,
    task: name,
    args,
    kwargs,
    retries: options.retries ?? 0,
    rootId: options.root_id ?? parent?.rootId ?? id,
    parentId: options.parent_id ?? parent?.id ?? null,
    group: options.group_id ?? null,
    groupIndex: options.group_index ?? null,
    callbacks: valuesOf(options.link).map((sig) => dataOf(sig as SignatureLike)),
    errbacks: valuesOf(options.link_error).map((sig) => dataOf(sig as SignatureLike)),
    chain: null,
    chord: null,
    eta: null,
    expires: null,
    timelimit: [options.time_limit ?? null, options.soft_time_limit ?? null],
    replyTo: null,
    correlationId: id,
    deliveryInfo: { exchange: "", routingKey: "", priority: options.priority ?? null, redelivered: false },
    hostname: app.hostname,
    headers: options.headers ?? {},
    origin: null,
    shadow: options.shadow ?? null,
    ignoreResult: options.ignore_result ?? undefined,
    replacedTaskNesting: 0,
    stampedHeaders: options.stamped_headers ?? null,
    stamps: {},
    argsrepr: safereprArgs(args),
    kwargsrepr: saferepr(kwargs),
    isEager: true,
    calledDirectly: false,
    children: [],
  };
}

function dataOf(signature: SignatureLike): SignatureData {
  return "toJSON" in signature ? signature.toJSON() : signature;
}

/** One eager run and, while the task retries, those after it. */
class EagerRun implements Run {
  readonly task: AnyTask;
  thrown?: { readonly error: unknown };
  readonly #app: Celery;
  readonly #signals: RunSignals;
  #request: TaskRequest;

  constructor(app: Celery, task: AnyTask, request: TaskRequest) {
    this.task = task;
    this.#app = app;
    this.#signals = new RunSignals(app);
    this.#request = request;
  }

  get request(): TaskRequest {
    return this.#request;
  }

  get id(): string {
    return this.#request.id;
  }

  start(): Promise<ResultMeta> {
    let value: unknown;
    try {
      value = this.#call();
    } catch (error) {
      const isControl = error instanceof Retry || error instanceof Ignore || error instanceof Reject;
      if (this.#app.conf.taskEagerPropagates && !isControl) {
        this.thrown = { error };
        void this.#signals.postrun(this, undefined);
        throw error;
      }
      return this.#threw(error);
    }
    return Promise.resolve(value).then((result) => this.#returned(result), (error) => this.#threw(error));
  }

  #call(): unknown {
    const call = () => callTask(this.task, this.#request, this.#host());
    return this.#app.currentTask.run(this.#request, () => {
      const told = this.#signals.prerun(this);
      return told === undefined ? call() : told.then(call);
    });
  }

  #host(): TaskHost {
    return {
      signal: new AbortController().signal,
      store: async (meta) => void await this.#store(meta),
      sendEvent: () => {}, // nobody monitors a task that never was a message
    };
  }

  async #returned(value: unknown): Promise<ResultMeta> {
    for (const callback of this.#request.callbacks ?? []) {
      const node = fromData(callback, "callback");
      const application = { args: [value], options: { parent_id: this.id, root_id: this.#request.rootId } };
      if (this.#app.conf.taskAlwaysEager) applyNode(this.#app, node, application);
      else sendNode(this.#app, node, application);
    }
    const meta = await this.#end("SUCCESS", value, null);
    const { onSuccess, afterReturn } = this.task.options;
    await onSuccess?.(this.#context, value);
    await this.#signals.success(this, value);
    await afterReturn?.(this.#context, "SUCCESS", value);
    await this.#signals.postrun(this, value);
    return meta;
  }

  async #threw(error: unknown): Promise<ResultMeta> {
    this.thrown = { error };
    if (error instanceof Retry) {
      await this.task.options.onRetry?.(this.#context, error.reason);
      await this.#signals.retry(this, error, tracebackOf(error, this.#app.exceptions.encode(error)));
      await this.#signals.postrun(this, undefined);
      delete this.thrown;
      this.#request = { ...this.#request, retries: this.#request.retries + 1 };
      return await this.start();
    }
    if (error instanceof Ignore || error instanceof Reject) {
      await this.#signals.postrun(this, undefined);
      return await this.#end(error instanceof Ignore ? "IGNORED" : "REJECTED", error, null);
    }
    const { errbacks } = this.#request;
    for (const errback of errbacks ?? []) applyNode(this.#app, fromData(errback, "errback"), { args: [this.id] });
    const traceback = tracebackOf(error, this.#app.exceptions.encode(error));
    const meta = await this.#end("FAILURE", error, traceback);
    const { onFailure, afterReturn } = this.task.options;
    await onFailure?.(this.#context, error);
    await this.#signals.failure(this, error, traceback);
    await afterReturn?.(this.#context, "FAILURE", error);
    await this.#signals.postrun(this, undefined);
    return meta;
  }

  /** `self` for hooks. */
  get #context(): TaskContext {
    return this.task.context(this.#request, this.#host());
  }

  async #end(status: string, result: unknown, traceback: string | null): Promise<ResultMeta> {
    const { group, parentId, children } = this.#request;
    const meta: ResultMeta = {
      taskId: this.id,
      status,
      result,
      traceback,
      children: [...children],
      dateDone: isoAt(this.#app.clock.now(), "UTC"),
      ...(group === null ? {} : { groupId: group }),
      ...(parentId === null ? {} : { parentId }),
    };
    if (this.#app.conf.taskStoreEagerResult && this.#request.ignoreResult !== true) await this.#store(meta);
    return meta;
  }

  async #store(meta: ResultMeta): Promise<void> {
    const { group, groupIndex } = this.#request;
    const result = meta.result instanceof Error ? this.#app.exceptions.encode(meta.result) : meta.result;
    await (await this.#app.backend()).store({ ...meta, result }, {
      id: this.id,
      replyTo: undefined,
      correlationId: this.id,
      group: group ?? undefined,
      groupIndex: groupIndex ?? undefined,
    });
  }
}

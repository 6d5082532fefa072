/**
 * The tasks that every Celery worker has, because canvases are made of them.
 *
 * Spec: celery 5.6 celery/app/builtins.py
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { Celery } from "../app.ts";
import type { AsyncResult } from "../async_result.ts";
import { resultFromTuple } from "../result_tuple.ts";
import type { AnyTask } from "../task.ts";
import type { TaskContext } from "../task_context.ts";
import type { TaskOptions } from "../task_options.ts";
import { directRequest } from "../task_request.ts";
import { readResultTuple } from "../wire/result_meta.ts";
import { ChordError, NotRegistered } from "../wire/task_errors.ts";
import { Continuation } from "./continue.ts";
import { chordNode, createNode, fromData, groupNode } from "./node.ts";
import { chunksGroup } from "./plan.ts";
import { sendNode } from "./send.ts";

/** A built-in task, ready for `app.task`. */
export interface Builtin {
  readonly name: string;
  readonly options: TaskOptions & { readonly bind: true };
  readonly run: (self: TaskContext, ...args: never[]) => unknown;
}

function builtin(
  name: string,
  params: readonly string[] | undefined,
  run: Builtin["run"],
  options: TaskOptions = {},
): Builtin {
  return { name, options: { ...options, bind: true, typing: false, ...(params === undefined ? {} : { params }) }, run };
}

/** `celery.map`, `celery.starmap`, `celery.chunks`, `celery.group`, `celery.chain`, `celery.chord`, `celery.accumulate` … */
export const BUILTINS: readonly Builtin[] = [
  builtin(
    "celery.map",
    ["task", "it"],
    (self, task: unknown, items: Iterable<unknown>) => inOrder(items, (item) => callHere(self, task, [item])),
  ),
  builtin(
    "celery.starmap",
    ["task", "it"],
    (self, task: unknown, items: Iterable<readonly unknown[]>) => inOrder(items, (item) => callHere(self, task, item)),
  ),
  builtin("celery.chunks", ["task", "it", "n"], async (self, task: unknown, it: unknown, n: unknown) => {
    const result = sendNode(self.app, chunksGroup(createNode("celery.chunks", { kwargs: { task, it, n } })), {});
    await result.published;
    return result;
  }),
  builtin("celery.accumulate", undefined, accumulate, { anyKwargs: true }),
  builtin("celery.group", ["tasks", "result", "group_id", "partial_args", "add_to_parent?"], sendGroup),
  builtin(
    "celery.chord",
    ["header", "body", "partial_args?", "interval?", "countdown?", "max_retries?", "eager?"],
    sendChord,
  ),
  builtin("celery.chain", [], () => {
    throw new UsageError("chain is not a real task");
  }),
  builtin("celery.backend_cleanup", [], () => null), // our backends expire results themselves
  builtin("celery.chord_unlock", ["group_id", "callback", "interval?", "max_retries?", "result?"], unlockChord, {
    maxRetries: null,
    ignoreResult: true,
  }),
];

/** Registers them with an app, those it has not registered itself. */
export function registerBuiltins(app: Celery): void {
  for (const { name, options, run } of BUILTINS) if (!app.tasks.has(name)) app.task(name, options, run);
}

/** Calls the function of a task here, as Celery does: the signature's own arguments and options play no part. */
function callHere(self: TaskContext, signature: unknown, args: readonly unknown[]): unknown {
  const { task: name } = fromData(signature, "task");
  const task: AnyTask | undefined = self.app.tasks.get(name);
  if (task === undefined) throw new NotRegistered([name]);
  const host = { signal: self.signal, store: async () => {}, sendEvent: () => {} };
  return task.run(directRequest(name, args), host);
}

async function inOrder<T>(items: Iterable<T>, call: (item: T) => unknown): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const item of items) results.push(await call(item));
  return results;
}

/** All arguments, or the one at `index`: what stands behind a group that replaces a task. */
function accumulate(self: TaskContext, ...args: unknown[]): unknown {
  const { index } = self.request.kwargs;
  return typeof index === "number" ? args.at(index) : args;
}

/** Sent by no Celery since 3.1, but promised for ever. */
async function sendGroup(self: TaskContext, tasks: unknown, result: unknown, groupId: unknown, partial: unknown) {
  const nodes = (Array.isArray(tasks) ? tasks : []).map((task) => fromData(task, "task"));
  const args = Array.isArray(partial) ? partial : [];
  const options = typeof groupId === "string" ? { task_id: groupId } : {};
  await sendNode(self.app, groupNode(nodes), { args, options }).published;
  return resultFromTuple(readResultTuple(result), self.app);
}

async function sendChord(self: TaskContext, header: unknown, body: unknown, partial: unknown): Promise<unknown> {
  const { kwargs } = fromData({ task: "celery.chord", kwargs: { header, body }, subtask_type: "chord" });
  const nodes = (kwargs.header as unknown[]).map((task) => fromData(task, "header"));
  const args = Array.isArray(partial) ? partial : [];
  const result = sendNode(self.app, chordNode(nodes, fromData(body, "body")), { args });
  await result.published;
  return result;
}

/**
 * Polls the header of a chord for backends that cannot count: sent by Python clients with such a backend.
 *
 * Spec: celery 5.6 celery/app/builtins.py `add_unlock_chord_task`
 */
async function unlockChord(
  self: TaskContext,
  groupId: string,
  callback: unknown,
  interval?: number | null,
  maxRetries?: number | null,
  results?: unknown,
): Promise<void> {
  const { app } = self;
  const parts = (Array.isArray(results) ? results : []).map((part) => resultFromTuple(readResultTuple(part), app));
  const group = app.GroupResult(groupId, parts);
  const wait = { countdown: interval ?? app.conf.resultChordRetryInterval, maxRetries: maxRetries ?? null };
  if (!await group.ready()) throw self.retry(wait);
  const body = fromData(callback, "callback");
  const continuation = new Continuation(app);
  try {
    const values = await group.get({ timeout: app.conf.resultChordJoinTimeout, disableSyncSubtasks: false });
    await sendNode(app, body, { args: [values] }).published;
  } catch (error) {
    const culprit = await failedOf(parts as readonly AsyncResult[]);
    const reason = culprit === undefined ? "" : `Dependency ${culprit.id} raised `;
    await continuation.failBody(body, new ChordError([`${reason}${app.exceptions.repr(error)}`], { cause: error }));
  }
}

async function failedOf(parts: readonly AsyncResult[]): Promise<AsyncResult | undefined> {
  for (const part of parts) if (await part.failed()) return part;
  return undefined;
}

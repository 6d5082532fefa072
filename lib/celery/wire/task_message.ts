/**
 * Task messages: protocol 2, and what a reader needs of protocol 1.
 *
 *     headers  {"lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries", "timelimit": [hard, soft],
 *               "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result", "replaced_task_nesting",
 *               "stamped_headers", "stamps", …custom}
 *     body     [args, kwargs, {"callbacks", "errbacks", "chain", "chord"}]          chain: the next task is the last element
 *
 * A message with a `task` header is protocol 2 (its body may still be a protocol 1 object); without one the body has to be
 * decoded to find out: `{"task", "id", "args", "kwargs", …}` is protocol 1, anything else no task at all.
 *
 * Spec: celery docs "Message Protocol" · celery 5.6 celery/app/amqp.py `as_task_v2`, `as_task_v1`;
 * celery/worker/strategy.py `hybrid_to_proto2`, `proto1_to_proto2`; celery/worker/request.py `Request.__init__`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPlainObject, PyDateTime } from "../../base/pyvalue.ts";
import { InvalidTaskError } from "./errors.ts";
import type { Headers, HeaderValue } from "./message.ts";
import { saferepr, safereprArgs } from "./saferepr.ts";
import { readSignature, type SignatureData } from "./signature.ts";
import { epochMsOf } from "./timezone.ts";

/** The headers of a task under our names; null where Python has None. */
export interface TaskHeaders {
  /** Language of the sender; nobody looks at it. */
  readonly lang: string;
  readonly task: string;
  readonly id: string;
  /** Name to show instead of `task`. */
  readonly shadow: string | null;
  /** ISO 8601; see {@link instantOf}. */
  readonly eta: string | null;
  readonly expires: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly retries: number;
  /** Seconds: hard limit first. */
  readonly timelimit: readonly [hard: number | null, soft: number | null];
  readonly rootId: string;
  readonly parentId: string | null;
  readonly argsrepr: string;
  readonly kwargsrepr: string;
  readonly origin: string | null;
  /** Undefined where the sender did not say (protocol 1): the task's own setting holds. */
  readonly ignoreResult: boolean | undefined;
  readonly replacedTaskNesting: number;
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Headers;
  /** MIME type of the compression, where the body is compressed. */
  readonly compression: string | null;
  /** All others, as they came: `request.headers`. */
  readonly custom: Headers;
}

/** What is to happen after a task, in the third part of its body. */
export interface TaskEmbed {
  readonly callbacks: readonly SignatureData[] | null;
  readonly errbacks: readonly SignatureData[] | null;
  /** Reversed: the next task is the last element. */
  readonly chain: readonly SignatureData[] | null;
  /** Body of the chord that this task is a header part of. */
  readonly chord: SignatureData | null;
}

export interface TaskBody {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: TaskEmbed;
}

export const EMPTY_EMBED: TaskEmbed = Object.freeze({ callbacks: null, errbacks: null, chain: null, chord: null });

/** Headers in Python's order, custom ones last and, as in Python, over the others. */
export function writeTaskHeaders(it: Omit<TaskHeaders, "compression">): Headers {
  const headers: Headers = {
    lang: it.lang,
    task: it.task,
    id: it.id,
    shadow: it.shadow,
    eta: it.eta,
    expires: it.expires,
    group: it.group,
    group_index: it.groupIndex,
    retries: it.retries,
    timelimit: it.timelimit,
    root_id: it.rootId,
    parent_id: it.parentId,
    argsrepr: it.argsrepr,
    kwargsrepr: it.kwargsrepr,
    origin: it.origin,
    ignore_result: it.ignoreResult ?? false,
    replaced_task_nesting: it.replacedTaskNesting,
    stamped_headers: it.stampedHeaders,
    stamps: it.stamps,
  };
  for (const _ in it.custom) return { ...headers, ...it.custom };
  return headers;
}

/** Headers that {@link TaskHeaders} names; the others are custom. */
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  ...["lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries", "timelimit", "root_id"],
  ...["parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result", "replaced_task_nesting", "stamped_headers"],
  ...["stamps", "compression"],
  // what Python's request has a place of its own for
  ...[
    "args",
    "kwargs",
    "callbacks",
    "errbacks",
    "chain",
    "chord",
    "correlation_id",
    "delivery_info",
    "headers",
    "hostname",
  ],
  ...["properties", "reply_to", "taskset", "utc", "is_eager", "logfile", "loglevel", "called_directly"],
]);

/** True if the message says by its headers that it is a task. */
export function hasTaskHeader(headers: Headers): boolean {
  return Object.hasOwn(headers, "task");
}

/**
 * Reads the headers of a protocol 2 message. Only `task` and `id` must be there.
 *
 * @throws {InvalidTaskError} in Celery's words where it has some. Python's worker dies of a missing id.
 */
export function readTaskHeaders(headers: Headers): TaskHeaders {
  const id = headerOf(headers, "id");
  const task = headerOf(headers, "task");
  if (typeof task !== "string") {
    throw new InvalidTaskError("Cannot read the task message: its task header is not a text");
  }
  if (typeof id !== "string") throw new InvalidTaskError("Cannot read the task message: it has no id");
  const stamps = headerOf(headers, "stamps");
  const ignoreResult = headerOf(headers, "ignore_result");
  return {
    lang: textOr(headerOf(headers, "lang"), ""),
    task,
    id,
    shadow: textOr(headerOf(headers, "shadow"), null),
    eta: timeText(headerOf(headers, "eta"), "ETA"),
    expires: timeText(headerOf(headers, "expires"), "expires"),
    group: textOr(headerOf(headers, "group"), null),
    groupIndex: numberOr(headerOf(headers, "group_index"), null),
    retries: numberOr(headerOf(headers, "retries"), 0),
    timelimit: readTimelimit(headerOf(headers, "timelimit")),
    rootId: textOr(headerOf(headers, "root_id"), id),
    parentId: textOr(headerOf(headers, "parent_id"), null),
    argsrepr: textOr(headerOf(headers, "argsrepr"), ""),
    kwargsrepr: textOr(headerOf(headers, "kwargsrepr"), ""),
    origin: textOr(headerOf(headers, "origin"), null),
    ignoreResult: typeof ignoreResult === "boolean" ? ignoreResult : undefined,
    replacedTaskNesting: numberOr(headerOf(headers, "replaced_task_nesting"), 0),
    stampedHeaders: readTexts(headerOf(headers, "stamped_headers")),
    stamps: isPlainObject(stamps) ? stamps as Headers : {},
    compression: textOr(headerOf(headers, "compression"), null),
    custom: customHeaders(headers),
  };
}

function headerOf(headers: Headers, name: string): HeaderValue {
  return Object.hasOwn(headers, name) ? headers[name] ?? null : null;
}

function customHeaders(headers: Headers): Headers {
  let custom: [name: string, value: HeaderValue][] | undefined;
  for (const name of Object.keys(headers)) {
    if (!KNOWN_HEADERS.has(name)) (custom ??= []).push([name, headers[name] ?? null]);
  }
  return custom === undefined ? {} : Object.fromEntries(custom);
}

function textOr<T>(value: HeaderValue, otherwise: T): string | T {
  return typeof value === "string" ? value : otherwise;
}

function numberOr<T>(value: HeaderValue, otherwise: T): number | T {
  return typeof value === "number" ? value : otherwise;
}

function readTexts(value: HeaderValue): readonly string[] | null {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : null;
}

function readTimelimit(value: HeaderValue): readonly [number | null, number | null] {
  if (!Array.isArray(value)) return [null, null];
  const [hard, soft] = value as readonly HeaderValue[];
  return [numberOr(hard ?? null, null), numberOr(soft ?? null, null)];
}

function timeText(value: HeaderValue, what: string): string | null {
  if (value === null || value === "") return null;
  if (typeof value !== "string") throw invalidTime(what, value);
  try {
    PyDateTime.parse(value);
  } catch (cause) {
    throw invalidTime(what, value, cause);
  }
  return value;
}

function invalidTime(what: string, value: HeaderValue, cause?: unknown): InvalidTaskError {
  const got = typeof value === "string" ? `'${value.slice(0, 64)}'` : String(value);
  const why = cause instanceof Error ? cause.message : "expected a text";
  return new InvalidTaskError(`invalid ${what} value ${got}: ${why}`, { cause });
}

/** Milliseconds since the epoch of an `eta` or `expires` header; naive ones are local to `zone`. */
export function instantOf(text: string, zone: string): number {
  return epochMsOf(PyDateTime.parse(text), zone);
}

/**
 * Reads the decoded body of a message with a `task` header: the list of protocol 2, or an object of protocol 1 ("hybrid").
 *
 * @throws {InvalidTaskError} for anything else. Python's worker dies of it, again and again.
 */
export function readTaskBody(payload: unknown): TaskBody {
  if (Array.isArray(payload)) {
    if (payload.length !== 3) {
      throw new InvalidTaskError(
        `Cannot read the task message: its body has ${payload.length} parts, expected args, kwargs and embed`,
      );
    }
    const [args, kwargs, embed] = payload as readonly unknown[];
    return { args: readArgs(args), kwargs: readKwargs(kwargs), embed: readEmbed(embed) };
  }
  if (isPlainObject(payload) && Object.hasOwn(payload, "args")) return readBodyV1(payload);
  throw new InvalidTaskError(
    `Cannot read the task message: its body is neither [args, kwargs, embed] nor of protocol 1`,
  );
}

/** Any iterable of Python would do, of those that travel: a list, or a text letter by letter. */
function readArgs(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args;
  if (typeof args === "string") return Array.from(args);
  throw new InvalidTaskError("Task arguments is not a list");
}

function readKwargs(kwargs: unknown): Record<string, unknown> {
  if (isPlainObject(kwargs)) return kwargs;
  throw new InvalidTaskError("Task keyword arguments is not a mapping");
}

function readEmbed(embed: unknown): TaskEmbed {
  if (!isPlainObject(embed)) return EMPTY_EMBED;
  const chord = partOf(embed, "chord");
  return {
    callbacks: readSignatures(partOf(embed, "callbacks"), "callbacks"),
    errbacks: readSignatures(partOf(embed, "errbacks"), "errbacks"),
    chain: readSignatures(partOf(embed, "chain"), "chain"),
    chord: chord === null ? null : readSignature(chord, "chord"),
  };
}

function partOf(embed: Record<string, unknown>, name: string): unknown {
  return (Object.hasOwn(embed, name) ? embed[name] : undefined) ?? null;
}

function readSignatures(value: unknown, where: string): SignatureData[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) return [readSignature(value, where)];
  return value.map((item, at) => readSignature(item, `${where}[${at}]`));
}

function readBodyV1(body: Record<string, unknown>): TaskBody {
  const { args = [], kwargs = {}, callbacks, errbacks, chord } = body;
  return { args: readArgs(args), kwargs: readKwargs(kwargs), embed: readEmbed({ callbacks, errbacks, chord }) };
}

/** True if a decoded body without `task` header is a task of protocol 1. */
export function isTaskV1(payload: unknown): payload is Record<string, unknown> {
  return isPlainObject(payload) && typeof payload.task === "string";
}

/**
 * Reads a decoded protocol 1 body as if it had come as protocol 2. Its times have no offset: they are UTC where `utc` is true
 * (the default), else local.
 *
 * @param messageHeaders the headers of the message, usually none
 */
export function readTaskV1(
  payload: Record<string, unknown>,
  messageHeaders: Headers,
): { readonly headers: TaskHeaders; readonly body: TaskBody; readonly utc: boolean } {
  const body = readBodyV1(payload);
  const headers = readTaskHeaders({
    ...(payload as Headers),
    group: (payload.taskset ?? payload.group ?? null) as HeaderValue,
    argsrepr: safereprArgs(body.args),
    kwargsrepr: saferepr(body.kwargs),
  });
  return { headers: { ...headers, custom: messageHeaders }, body, utc: payload.utc !== false };
}

/** The body of protocol 1, for `task_protocol = 1`. There are no headers then. */
export function writeTaskV1(
  it: Omit<TaskHeaders, "compression">,
  body: TaskBody,
  utc: boolean,
): Record<string, unknown> {
  return {
    task: it.task,
    id: it.id,
    args: body.args,
    kwargs: body.kwargs,
    group: it.group,
    group_index: it.groupIndex,
    retries: it.retries,
    eta: it.eta,
    expires: it.expires,
    utc,
    callbacks: body.embed.callbacks,
    errbacks: body.embed.errbacks,
    timelimit: it.timelimit,
    taskset: it.group,
    chord: body.embed.chord,
  };
}

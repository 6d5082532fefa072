/**
 * What a delivered message is: a task for this worker, or which kind of mistake.
 *
 * Bodies are not looked at, except for messages without a `task` header: only their body can tell what they are.
 *
 * Source: celery 5.6 celery/worker/consumer/consumer.py `on_task_received`, celery/worker/request.py `Request.__init__`
 * @module
 */
import { pyRepr } from "../../base/pyrepr.ts";
import { asError } from "../../base/errors.ts";
import type { Message } from "../wire/message.ts";
import {
  hasTaskHeader,
  instantOf,
  isTaskV1,
  readTaskHeaders,
  readTaskV1,
  type TaskHeaders,
} from "../wire/task_message.ts";
import { ContentDisallowed, InvalidTaskError } from "../wire/errors.ts";
import type { TaskFields } from "./request.ts";
import type { TaskInfo } from "./task_info.ts";

export type Reading =
  | { readonly kind: "task"; readonly fields: TaskFields; readonly task: TaskInfo }
  /** No task of that name is registered here. */
  | { readonly kind: "unregistered"; readonly headers: TaskHeaders }
  /** It says that it is a task, but no worker can run it. */
  | { readonly kind: "invalid"; readonly reason: string }
  /** The body is not what its content type says. */
  | { readonly kind: "undecodable"; readonly error: string }
  /** Something else in a task queue. */
  | { readonly kind: "unknown" };

export interface TaskReader {
  readonly tasks: ReadonlyMap<string, TaskInfo>;
  /** IANA name; naive times are local to it. */
  readonly timezone: string;
  /** Content types that may be decoded. */
  readonly accept: ReadonlySet<string>;
  /** @throws {ContentDisallowed}; {DecodeError} */
  readonly decode: (message: Message) => unknown;
}

export function readTask(message: Message, reader: TaskReader): Reading {
  try {
    const headers = hasTaskHeader(message.headers) ? readTaskHeaders(message.headers) : undefined;
    if (headers === undefined) return readTaskWithoutHeader(message, reader);
    const task = reader.tasks.get(headers.task);
    if (task === undefined) return { kind: "unregistered", headers };
    if (!reader.accept.has(message.contentType)) reader.decode(message); // says in kombu's words why not
    return { kind: "task", fields: withTimes(headers, reader.timezone), task };
  } catch (error) {
    return mistake(error);
  }
}

function readTaskWithoutHeader(message: Message, reader: TaskReader): Reading {
  let payload: unknown;
  try {
    payload = reader.decode(message);
  } catch (error) {
    return { kind: "undecodable", error: reprOf(error) };
  }
  if (!isTaskV1(payload)) return { kind: "unknown" };
  const { headers, utc } = readTaskV1(payload, message.headers);
  const task = reader.tasks.get(headers.task);
  if (task === undefined) return { kind: "unregistered", headers };
  return { kind: "task", fields: withTimes(headers, utc ? "UTC" : reader.timezone), task };
}

function withTimes(headers: TaskHeaders, zone: string): TaskFields {
  return {
    headers,
    etaMs: headers.eta === null ? undefined : instantOf(headers.eta, zone),
    expiresMs: headers.expires === null ? undefined : instantOf(headers.expires, zone),
  };
}

/** How Celery takes an error of reading: a message to reject, or one that is not understood at all. */
export function mistake(error: unknown): Extract<Reading, { kind: "invalid" | "undecodable" }> {
  if (error instanceof InvalidTaskError || error instanceof ContentDisallowed) {
    return { kind: "invalid", reason: error.message };
  }
  return { kind: "undecodable", error: reprOf(error) };
}

function reprOf(error: unknown): string {
  const { name, message } = asError(error);
  return `${name}(${pyRepr(message)})`;
}

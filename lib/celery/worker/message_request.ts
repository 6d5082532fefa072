import type { Celery } from "../app.ts";
import { type TaskRequest, taskRequest } from "../task_request.ts";
import type { Message } from "../wire/message.ts";
import { hasTaskHeader, isTaskV1, readTaskBody, readTaskHeaders, readTaskV1 } from "../wire/task_message.ts";
import { InvalidTaskError } from "../wire/errors.ts";

/** A message with what the transport knows of its way. */
export interface Arrival {
  readonly message: Message;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

/**
 * Decodes a task message into the request that its function can see.
 *
 * @throws {DecodeError}, {ContentDisallowed}, {InvalidTaskError}
 */
export function requestOf(app: Celery, arrival: Arrival, node: string): TaskRequest {
  const { message, exchange, routingKey, redelivered } = arrival;
  const payload = app.decode(message);
  const { headers, body } = hasTaskHeader(message.headers)
    ? { headers: readTaskHeaders(message.headers), body: readTaskBody(payload) }
    : readV1(payload, message);
  const { replyTo, correlationId, priority } = message.properties;
  return taskRequest(headers, body, {
    replyTo,
    correlationId,
    deliveryInfo: { exchange, routingKey, priority: priority ?? null, redelivered },
    hostname: node,
  });
}

function readV1(payload: unknown, message: Message) {
  if (isTaskV1(payload)) return readTaskV1(payload, message.headers);
  throw new InvalidTaskError("Cannot read the task message: it is of neither protocol");
}

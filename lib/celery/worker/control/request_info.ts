import type { Message } from "../../wire/message.ts";
import { hasTaskHeader, isTaskV1, readTaskBody, readTaskV1 } from "../../wire/task_message.ts";
import type { Request } from "../request.ts";

/**
 * A request as `inspect` shows it.
 *
 * Source: celery 5.6 celery/worker/request.py `Request.info`
 *
 * @param safe arguments as the texts that travel with the message, instead of decoding its body for this
 */
export function requestInfo(
  request: Request,
  node: string,
  options: { safe: boolean; decode: (message: Message) => unknown },
): Record<string, unknown> {
  const { delivery } = request;
  const { args, kwargs } = options.safe
    ? { args: request.headers.argsrepr, kwargs: request.headers.kwargsrepr }
    : argumentsOf(delivery.message, options.decode);
  return {
    id: request.id,
    name: request.name,
    args,
    kwargs,
    type: request.type,
    hostname: node,
    time_start: request.startedAtMs === undefined ? null : request.startedAtMs / 1000,
    acknowledged: request.acknowledged,
    delivery_info: {
      exchange: delivery.exchange,
      routing_key: delivery.routingKey,
      priority: delivery.message.properties.priority ?? 0,
      redelivered: delivery.redelivered,
    },
    worker_pid: request.workerPid ?? null,
  };
}

function argumentsOf(message: Message, decode: (message: Message) => unknown): { args: unknown; kwargs: unknown } {
  try {
    const payload = decode(message);
    const body = hasTaskHeader(message.headers) || !isTaskV1(payload)
      ? readTaskBody(payload)
      : readTaskV1(payload, message.headers).body;
    return { args: body.args, kwargs: body.kwargs };
  } catch {
    return { args: [], kwargs: {} }; // the task itself will fail of it, and say why
  }
}

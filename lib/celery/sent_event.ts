import process from "node:process";
import type { Celery } from "./app.ts";
import type { TaskPublication } from "./task_publication.ts";
import type { Transport } from "./transport/transport.ts";
import { eventExchange } from "./worker/events.ts";

/**
 * Tells monitors that a task was sent; setting `taskSendSentEvent`. Monitors live with gaps: an event that is lost is no error.
 *
 * Spec: celery 5.6 celery/app/amqp.py `send_task_message`, celery/events/event.py `Event`
 */
export async function sendSentEvent(app: Celery, transport: Transport, publication: TaskPublication): Promise<void> {
  const { headers, route, queueName } = publication;
  const event = {
    hostname: app.hostname,
    utcoffset: Math.floor(new Date(app.clock.now()).getTimezoneOffset() / 60),
    pid: process.pid,
    clock: app.logicalClock.forward(),
    uuid: headers.id,
    root_id: headers.rootId,
    parent_id: headers.parentId,
    name: headers.task,
    args: headers.argsrepr,
    kwargs: headers.kwargsrepr,
    retries: headers.retries,
    eta: headers.eta,
    expires: headers.expires,
    queue: queueName,
    exchange: route.exchange,
    routing_key: route.routingKey,
    timestamp: app.clock.now() / 1000,
    type: "task-sent",
  };
  const { contentType, contentEncoding, body } = app.serializers.encode(event, app.conf.eventSerializer);
  const message = {
    headers: { hostname: app.hostname },
    properties: { deliveryMode: 1, priority: 0 },
    contentType,
    contentEncoding,
    body,
  } as const;
  try {
    await transport.broadcast(eventExchange(app.conf.eventExchange, transport.name), "task.sent", message);
  } catch (error) {
    app.log.debug("A task-sent event was lost", { task: headers.task, error });
  }
}

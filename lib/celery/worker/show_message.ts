/**
 * Messages as error lines show them: in Python's notation.
 *
 * Source: celery 5.6 celery/worker/consumer/consumer.py `dump_body`, `_message_report`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { pyRepr } from "../../base/pyrepr.ts";
import type { Delivery } from "../transport/transport.ts";
import type { ShownMessage } from "./log_lines.ts";

const MAX_SHOWN_BYTES = 1024;

export function showMessage(delivery: Delivery): ShownMessage {
  const { body, headers, contentType, contentEncoding } = delivery.message;
  const text = pyRepr(body.subarray(0, MAX_SHOWN_BYTES));
  return {
    body: `${body.length > MAX_SHOWN_BYTES ? `${text.slice(0, -1)}...` : text} (${body.length}b)`,
    headers: pyRepr(headers),
    deliveryInfo: pyRepr({ exchange: delivery.exchange, routing_key: delivery.routingKey }),
    contentType: pyRepr(contentType),
    contentEncoding: pyRepr(contentEncoding),
  };
}

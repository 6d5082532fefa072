/**
 * A message as Celery sees it, on every transport: properties, headers and an opaque body.
 *
 * Spec: celery docs "Message Protocol" version 2 · celery 5.6 celery/app/amqp.py `as_task_v2` · AMQP 0-9-1 §4.2.6.1
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** Values a header can carry on both transports. Dicts have a null prototype when they come from a peer. */
export type HeaderValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly HeaderValue[]
  | { readonly [key: string]: HeaderValue };

export type Headers = { readonly [key: string]: HeaderValue };

export interface MessageProperties {
  /** The task id. */
  readonly correlationId?: string;
  /** Queue for rpc results; every client sends one, whatever its backend. */
  readonly replyTo?: string;
  /** 0..9. Redis serves 0 first, RabbitMQ 9. Absent means 0. */
  readonly priority?: number;
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: 1 | 2;
  /** Time to live as a decimal text of milliseconds. */
  readonly expiration?: string;
}

export interface Message {
  readonly headers: Headers;
  readonly properties: MessageProperties;
  /** e.g. `application/json`. */
  readonly contentType: string;
  /** e.g. `utf-8`, `binary`. */
  readonly contentEncoding: string;
  /** Serialized and, where headers.compression says so, compressed; never base64. Opaque to everything but the serializers. */
  readonly body: Uint8Array;
  /** All of it in kombu's envelope, where it came in one: who passes it on need not write it anew. */
  readonly envelope?: Uint8Array;
}

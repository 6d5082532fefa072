/**
 * The codes with which a channel or a connection is closed, or a message is returned.
 *
 * Spec: AMQP 0-9-1 §1.2 "AMQP-defined constants" · RabbitMQ 3.10 adds none
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

export const ReplyCode = {
  success: 200,
  contentTooLarge: 311,
  noRoute: 312,
  noConsumers: 313,
  connectionForced: 320,
  invalidPath: 402,
  accessRefused: 403,
  notFound: 404,
  resourceLocked: 405,
  preconditionFailed: 406,
  frameError: 501,
  syntaxError: 502,
  commandInvalid: 503,
  channelError: 504,
  unexpectedFrame: 505,
  resourceError: 506,
  notAllowed: 530,
  notImplemented: 540,
  internalError: 541,
} as const;

export type ReplyCode = (typeof ReplyCode)[keyof typeof ReplyCode];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ReplyCode).map(([name, code]) => [code, name.replace(/[A-Z]/g, "_$&").toUpperCase()]),
);

/** The name as RabbitMQ writes it at the head of its reply texts: `PRECONDITION_FAILED`; undefined for an unknown code. */
export function replyCodeName(code: number): string | undefined {
  return NAMES.get(code);
}

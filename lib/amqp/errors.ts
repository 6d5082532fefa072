import { ConnectionError, RemoteError } from "../base/errors.ts";
import { methodName } from "./wire/method_codec.ts";
import type { MethodOf } from "./wire/methods.ts";
import { ReplyCode, replyCodeName } from "./wire/reply_code.ts";

export interface AmqpErrorOptions extends ErrorOptions {
  readonly replyText?: string;
  readonly classId?: number;
  readonly methodId?: number;
}

/** The broker refused something: with a close of the channel or the connection, a returned message or a negative confirmation. */
export class AmqpError extends RemoteError {
  override readonly name: string = "AmqpError";
  /** 406, 404, 312 …; see `ReplyCode`. 0 where the broker gave none (a negative confirmation). */
  readonly replyCode: number;
  /** The broker's words: `PRECONDITION_FAILED - inequivalent arg …`. */
  readonly replyText: string;
  /** The method that was refused, 0 where the broker named none. */
  readonly classId: number;
  readonly methodId: number;

  constructor(message: string, replyCode: number, options: AmqpErrorOptions = {}) {
    const type = replyCodeName(replyCode);
    super(message, {
      code: "ERR_AMQP",
      ...(type === undefined ? {} : { remoteType: type }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.replyCode = replyCode;
    this.replyText = options.replyText ?? "";
    this.classId = options.classId ?? 0;
    this.methodId = options.methodId ?? 0;
  }
}

type Close = Omit<MethodOf<"connection.close" | "channel.close">, "kind">;

/** What a close by the broker means for the channel or connection that `what` names. */
export function closedByBroker(what: string, close: Close): AmqpError {
  const { replyCode, replyText, classId, methodId } = close;
  const culprit = methodName(classId, methodId);
  const because = culprit === undefined ? "" : `, because of ${culprit}`;
  const why = `the broker closed it with ${replyCode} ${replyText}${because}`;
  return new AmqpError(`Cannot use ${what}: ${why}`, replyCode, { replyText, classId, methodId });
}

/** The same refusal as the answer to the one call that caused it. */
export function refusedAs(attempt: string, error: AmqpError): AmqpError {
  const { replyCode, replyText, classId, methodId } = error;
  return new AmqpError(`Cannot ${attempt}: ${replyCode} ${replyText}`, replyCode, {
    replyText,
    classId,
    methodId,
    cause: error,
  });
}

/** Why `attempt` cannot be finished: its channel or connection has ended. The cause says why, and where it was closed. */
export function endedUnder(attempt: string, reason: Error, options: { maybeSent: boolean }): ConnectionError {
  return new ConnectionError(`Cannot ${attempt}: ${withoutPrefix(reason.message)}`, {
    cause: reason,
    maybeSent: options.maybeSent,
  });
}

/** "Cannot use the connection to h: it was closed here" → "the connection to h: it was closed here". */
function withoutPrefix(message: string): string {
  return message.replace(/^Cannot (?:use|keep) /, "");
}

/** True for refusals that the same login will meet again: wrong password, unknown virtual host. */
export function isRefusedLogin(error: Error): boolean {
  return error instanceof AmqpError &&
    (error.replyCode === ReplyCode.accessRefused || error.replyCode === ReplyCode.notAllowed);
}

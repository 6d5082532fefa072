import { Deferred } from "../base/deferred.ts";
import { ProtocolError } from "../base/errors.ts";
import { type AmqpError, endedUnder, refusedAs } from "./errors.ts";
import type { Content } from "./wire/content.ts";
import { type Method, type MethodKind, METHODS } from "./wire/methods.ts";
import { ReplyCode } from "./wire/reply_code.ts";

/** What came for a call; `content` for those methods that have one. */
export interface Answer {
  readonly method: Method;
  readonly content: Content | undefined;
}

interface Call {
  readonly method: Method;
  readonly replies: readonly MethodKind[];
  /** Completes "Cannot …". */
  readonly attempt: string;
  readonly answer: Deferred<Answer>;
}

/**
 * Requests of one channel that wait for their answers.
 *
 * The broker answers in the order of the requests, so they may be sent one behind the other; a call that was given up keeps
 * its place, so that its answer is not taken for the next one's.
 */
export class Calls {
  #waiting: Call[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Notes a call that is being sent; resolves with a method out of `replies`. */
  add(method: Method, replies: readonly MethodKind[], attempt: string): Promise<Answer> {
    const answer = new Deferred<Answer>();
    this.#waiting.push({ method, replies, attempt, answer });
    return answer.promise;
  }

  /** Settles the oldest call, and returns what was asked. @throws {ProtocolError} if the method does not answer it. */
  settle(method: Method, content?: Content): Method {
    const call = this.#take(method);
    call.answer.resolve({ method, content });
    return call.method;
  }

  /** As `settle`, with an answer that cannot be used. */
  settleWith(method: Method, reason: Error): Method {
    const call = this.#take(method);
    call.answer.reject(reason);
    return call.method;
  }

  /** Rejects the oldest call, if it is the one that the broker refuses; `fail` has to follow for the rest. */
  refuse(error: AmqpError): void {
    const [call] = this.#waiting;
    if (call === undefined) return;
    const { classId, methodId } = METHODS[call.method.kind];
    if (classId !== error.classId || methodId !== error.methodId) return;
    this.#waiting.shift();
    call.answer.reject(refusedAs(call.attempt, error));
  }

  /** Rejects all calls: the channel has ended. */
  fail(reason: Error): void {
    for (const { attempt, answer } of this.#waiting.splice(0)) {
      answer.reject(endedUnder(attempt, reason, { maybeSent: true }));
    }
  }

  #take(method: Method): Call {
    const call = this.#waiting.shift();
    if (call?.replies.includes(method.kind)) return call;
    const expected = call === undefined ? "nothing" : call.replies.join(" or ");
    throw new ProtocolError(`Cannot understand the broker: ${method.kind} came, expected ${expected}`, {
      replyCode: ReplyCode.unexpectedFrame,
    });
  }
}

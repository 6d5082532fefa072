/**
 * The answers of a daemon as messages.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.handleRequest`, `_sendExceptionResponse`
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { asError } from "../../base/errors.ts";
import { compress } from "../compression.ts";
import type { CallContext } from "../context.ts";
import { type Annotations, CORR, NO_ANNOTATIONS, STRM } from "../wire/annotations.ts";
import { ProtocolError, PyroError } from "../wire/errors.ts";
import { exceptionToDict, pythonClassOf } from "../wire/exceptions.ts";
import { Flag, type Message, MessageType } from "../wire/message.ts";
import type { Serializer } from "../wire/serializer.ts";
import { exceptionDict } from "./exception_dict.ts";
import type { Host } from "./host.ts";
import { tracebackLines } from "./traceback.ts";

/** The request that an answer belongs to. */
export interface Asked {
  readonly seq: number;
  readonly flags: number;
}

/** @throws what the serializer throws for a value that it cannot write */
export function resultReply(
  host: Host,
  serializer: Serializer,
  context: CallContext,
  asked: Asked,
  value: unknown,
): Message {
  return {
    type: MessageType.result,
    seq: asked.seq,
    serializerId: serializer.id,
    annotations: answerAnnotations(host, context),
    ...packed(host, serializer.dumps(value), asked.flags & Flag.batch),
  };
}

/** An exception, which is never compressed and has no correlation id. One that cannot be written is described instead. */
export function exceptionReply(host: Host, serializer: Serializer, asked: Asked, error: Error): Message {
  let payload: Uint8Array;
  try {
    payload = serializer.dumps(exceptionDict(host.classes, error));
  } catch (reason) {
    const words = `Error serializing exception: ${asError(reason).message}. Original exception: <class '${
      pythonClassOf(error).replace(/^builtins\./, "")
    }'>: ${error.message}`;
    payload = serializer.dumps(exceptionToDict(new PyroError(words), tracebackLines(error)));
  }
  return exceptionMessage(host, serializer, asked, payload, Flag.exception, NO_ANNOTATIONS);
}

/** Says that the result is a stream: an exception to clients that know no streams. Without an id, streams are switched off. */
export function streamReply(host: Host, serializer: Serializer, asked: Asked, streamId: string | undefined): Message {
  const dict = exceptionToDict(new ProtocolError("result of call is an iterator"));
  const payload = serializer.dumps({ ...dict, attributes: { _pyroTraceback: null } });
  const annotations = streamId === undefined ? NO_ANNOTATIONS : new Map([[STRM, utf8(streamId)]]);
  return exceptionMessage(host, serializer, asked, payload, Flag.exception | Flag.itemStreamResult, annotations);
}

export function pongReply(host: Host, ping: Message, context: CallContext): Message {
  return { ...ping, flags: 0, annotations: answerAnnotations(host, context), payload: utf8("pong") };
}

/** What every answer that is no exception carries: the method's annotations, the correlation id, and the daemon's own. */
export function answerAnnotations(host: Host, context: CallContext): Annotations {
  const { responseAnnotations } = context;
  responseAnnotations.set(CORR, context.correlationBytes);
  const own = host.settings.annotations?.();
  if (own !== undefined) { for (const [id, value] of own) responseAnnotations.set(id, value); }
  return responseAnnotations;
}

/** The payload, compressed where that is switched on and helps, with the flags that say so. */
export function packed(host: Host, payload: Uint8Array, flags: number): Pick<Message, "flags" | "payload"> {
  const compressed = host.settings.config.COMPRESSION ? compress(payload) : undefined;
  return compressed === undefined ? { flags, payload } : { flags: flags | Flag.compressed, payload: compressed };
}

function exceptionMessage(
  host: Host,
  serializer: Serializer,
  { seq }: Asked,
  payload: Uint8Array,
  flags: number,
  annotations: Annotations,
): Message {
  const own = host.settings.annotations?.() ?? NO_ANNOTATIONS;
  return {
    type: MessageType.result,
    flags,
    seq,
    serializerId: serializer.id,
    annotations: own.size === 0 ? annotations : new Map([...annotations, ...own]),
    payload,
  };
}

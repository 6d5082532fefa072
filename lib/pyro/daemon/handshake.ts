/**
 * The first message of a client, and the daemon's answer to it.
 *
 *     CONNECT  {"handshake": value, "object": id}   ->   CONNECTOK  {"handshake": value, "meta": {…}}
 *                                                        CONNECTFAIL  text, then the connection ends
 *
 * The text of a refusal is in marshal until the client's own serializer has been accepted.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon._handshake`
 * @module
 */
import { asError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { decompress } from "../compression.ts";
import { CallContext, type ClientView, runInContext } from "../context.ts";
import { checkUuidBytes, newUuidBytes } from "../correlation.ts";
import { CORR, NO_ANNOTATIONS } from "../wire/annotations.ts";
import { PyroRemoteError, SerializeError } from "../wire/errors.ts";
import { ForeignPeerError, NO_PYRO_WORDS } from "../wire/foreign_peer.ts";
import { Flag, type Message, MessageType } from "../wire/message.ts";
import type { Serializer } from "../wire/serializer.ts";
import type { Host } from "./host.ts";
import { answerAnnotations, packed } from "./replies.ts";

/** @param refusal why nobody can be let in now; undefined: the client is asked */
export async function shakeHands(
  host: Host,
  client: ClientView,
  request: Message,
  refusal: string | undefined,
): Promise<Message> {
  let serializer: Serializer | undefined;
  let context: CallContext | undefined;
  try {
    if (refusal !== undefined) throw new PyroRemoteError(refusal, { remoteType: "builtins.Exception" });
    const accepted = acceptedSerializer(host, request.serializerId);
    const current = new CallContext(client, request, correlationOf(request));
    serializer = accepted;
    context = current;
    return await runInContext(current, () => welcome(host, request, current, accepted));
  } catch (error) {
    return refusalMessage(host, asError(error), request.seq, serializer, context);
  }
}

async function welcome(
  host: Host,
  request: Message,
  context: CallContext,
  serializer: Serializer,
): Promise<Message> {
  const data = serializer.loads(
    (request.flags & Flag.compressed) === 0
      ? request.payload
      : decompress(request.payload, host.settings.maxMessageBytes),
  );
  let response: unknown = await host.settings.validateHandshake(context.client, item(data, "handshake"));
  const flags = request.flags & Flag.metaOnConnect;
  if (flags !== 0) {
    response = { handshake: response, meta: host.daemonObject.get_metadata(String(item(data, "object")), true) };
  }
  return {
    type: MessageType.connectOk,
    seq: request.seq,
    serializerId: serializer.id,
    ...packed(host, serializer.dumps(response), flags),
    annotations: answerAnnotations(host, context),
  };
}

/**
 * @param serializer the client's, once it has been accepted
 * @param context of the greeting, once it has one
 */
export function refusalMessage(
  host: Host,
  error: Error,
  seq: number,
  serializer?: Serializer,
  context?: CallContext,
): Message {
  const chosen = serializer ?? host.serializers.byName("marshal");
  return {
    type: MessageType.connectFail,
    flags: 0,
    seq,
    serializerId: chosen.id,
    annotations: context === undefined
      ? host.settings.annotations?.() ?? NO_ANNOTATIONS
      : answerAnnotations(host, context),
    payload: chosen.dumps(error instanceof ForeignPeerError ? NO_PYRO_WORDS : error.message),
  };
}

/** @throws {SerializeError} in Python's words for a serializer that this daemon does not accept */
export function acceptedSerializer(host: Host, id: number): Serializer {
  const words = `message used serializer that is not accepted: ${id}`;
  try {
    const serializer = host.serializers.byId(id);
    if (host.settings.acceptedSerializers.has(serializer.name)) return serializer;
  } catch (cause) {
    throw new SerializeError(words, { cause }); // which says why, for the unsafe ones
  }
  throw new SerializeError(words);
}

/** The request's correlation id, or a fresh one. @throws Python's ValueError for one that is no UUID */
export function correlationOf(request: Message): Uint8Array {
  const given = request.annotations.get(CORR);
  return given === undefined ? newUuidBytes() : checkUuidBytes(given);
}

/** Python's `data[key]`, with its KeyError. */
function item(data: unknown, key: string): unknown {
  if (isPlainObject(data) && key in data) return data[key];
  throw new PyroRemoteError(`'${key}'`, { remoteType: "builtins.KeyError", args: [key] });
}

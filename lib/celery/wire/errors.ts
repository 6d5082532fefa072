/**
 * What goes wrong between values and message bodies, under kombu's names.
 *
 * Spec: kombu 5.6 kombu/exceptions.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ProtocolError, UsageError } from "../../base/errors.ts";

/** A value cannot be put into a message; the message names the path to it (`args[0].rows[3]`). */
export class EncodeError extends UsageError {
  override readonly name: string = "EncodeError";
}

/** The body of a message is not what its content type says. */
export class DecodeError extends ProtocolError {
  override readonly name: string = "DecodeError";
}

/** The content type of a message is not in `accept_content`: it was not looked at any further. */
export class ContentDisallowed extends ProtocolError {
  override readonly name: string = "ContentDisallowed";
}

/** There is a serializer or compression of that name in Celery, but not here. */
export class SerializerNotInstalled extends UsageError {
  override readonly name: string = "SerializerNotInstalled";
}

/** A task message that no worker can run: no id, no arguments, a time that is none. */
export class InvalidTaskError extends ProtocolError {
  override readonly name: string = "InvalidTaskError";
}

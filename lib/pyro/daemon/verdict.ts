/**
 * What becomes of a connection on which an error was thrown.
 *
 * | thrown | answered | connection |
 * |---|---|---|
 * | ConnectionClosedError | no | ends |
 * | SerializeError | yes | ends |
 * | any other CommunicationError | no | ends |
 * | SecurityError | yes | ends |
 * | anything else | yes | stays |
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.handleRequest`
 * @module
 */
import { CommunicationError, SecurityError, SerializeError } from "../wire/errors.ts";

/** True if the caller is told of the error; a oneway caller never is. */
export function isAnswered(error: Error): boolean {
  return error instanceof SerializeError || !(error instanceof CommunicationError);
}

/** True if the connection ends, after the answer where there is one. */
export function isFatal(error: Error): boolean {
  return error instanceof CommunicationError || error instanceof SecurityError;
}

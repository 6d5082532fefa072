/**
 * Pyro's error tree, by Python's names, so that a NamingError is a NamingError whichever side raised it.
 *
 *     LibError
 *     ├─ PyroError
 *     │   ├─ CommunicationError        could not connect, or the peer refused
 *     │   │   ├─ ConnectionClosedError the connection ended under a call
 *     │   │   ├─ TimeoutError          nothing came in time
 *     │   │   └─ ProtocolError         what came is not what the protocol allows
 *     │   │       ├─ MessageTooLargeError
 *     │   │       └─ SerializeError
 *     │   ├─ NamingError · DaemonError · SecurityError
 *     │   └─ BadPayloadError           not Python's: the bytes are none of the serializer's; Python has SyntaxError, ValueError …
 *     └─ RemoteError
 *         └─ PyroRemoteError           any other exception that the far method raised
 *
 * Messages are Pyro's own words where Pyro has words: scripts compare them.
 *
 * Spec: Pyro4 4.82 `Pyro4/errors.py`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { LibError, RemoteError } from "../../base/errors.ts";

export interface PyroErrorOptions extends ErrorOptions {
  /** What Python's exception was built with; default: the message alone. */
  readonly args?: readonly unknown[];
  /** Lines of the traceback on the far side, each with its line end; set on errors that came over the wire. */
  readonly remoteTraceback?: readonly string[];
  /** Instance attributes of Python's exception, without the traceback; set on errors that came over the wire. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** The call left this process and may have been carried out. */
  readonly maybeSent?: boolean;
}

/** Root of Pyro's own errors. */
export class PyroError extends LibError {
  override readonly name: string = "PyroError";
  readonly code: string = "ERR_PYRO";
  readonly args: readonly unknown[];
  readonly remoteTraceback: readonly string[] | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;

  constructor(message = "", options: PyroErrorOptions = {}) {
    super(message, options);
    this.args = options.args ?? (message === "" ? [] : [message]);
    this.remoteTraceback = options.remoteTraceback;
    this.attributes = options.attributes ?? {};
  }
}

/** The peer could not be reached, refused the connection, or the connection broke. */
export class CommunicationError extends PyroError {
  override readonly name: string = "CommunicationError";
  override readonly code: string = "ERR_CONNECT";
  /** True if the peer may have received the call, and acted on it; false if it certainly has not. */
  readonly maybeSent: boolean;

  constructor(message = "", options: PyroErrorOptions = {}) {
    super(message, options);
    this.maybeSent = options.maybeSent ?? false;
  }
}

/** The connection ended while a call waited for its answer. */
export class ConnectionClosedError extends CommunicationError {
  override readonly name: string = "ConnectionClosedError";
  override readonly code: string = "ERR_CLOSED";
}

/** Nothing came within the timeout of the proxy or of the call. */
export class TimeoutError extends CommunicationError {
  override readonly name: string = "TimeoutError";
  override readonly code: string = "ERR_TIMEOUT";
}

/** The peer sent what the protocol does not allow; the connection is not reusable. */
export class ProtocolError extends CommunicationError {
  override readonly name: string = "ProtocolError";
  override readonly code: string = "ERR_PROTOCOL";
}

/** A message is, or announces to be, larger than the limit. */
export class MessageTooLargeError extends ProtocolError {
  override readonly name: string = "MessageTooLargeError";
  override readonly code: string = "ERR_LIMIT";
}

/** A value cannot be written by, or read from, the serializer in use. */
export class SerializeError extends ProtocolError {
  override readonly name: string = "SerializeError";
  override readonly code: string = "ERR_SERIALIZE";
}

/** The name server does not know the name, or there is no name server. */
export class NamingError extends PyroError {
  override readonly name: string = "NamingError";
  override readonly code: string = "ERR_NAMING";
}

/** The daemon does not know the object, or refuses to register it. */
export class DaemonError extends PyroError {
  override readonly name: string = "DaemonError";
  override readonly code: string = "ERR_DAEMON";
}

/** A message is not authentic, or asks for what is never allowed. */
export class SecurityError extends PyroError {
  override readonly name: string = "SecurityError";
  override readonly code: string = "ERR_SECURITY";
}

export interface BadPayloadErrorOptions extends ErrorOptions {
  /** Class of the exception that Python raises for the same bytes. Default `SyntaxError`. */
  readonly pythonType?: "SyntaxError" | "ValueError" | "TypeError" | "RecursionError" | "EOFError";
  /** Where in the text (characters) or bytes it went wrong. */
  readonly offset?: number;
}

/** A payload is not what its serializer writes. Daemons answer it with the exception that Python has for it, and stay connected. */
export class BadPayloadError extends PyroError {
  override readonly name: string = "BadPayloadError";
  override readonly code: string = "ERR_PAYLOAD";
  readonly pythonType: string;
  readonly offset: number | undefined;

  constructor(message: string, options: BadPayloadErrorOptions = {}) {
    super(message, options);
    this.pythonType = options.pythonType ?? "SyntaxError";
    this.offset = options.offset;
  }
}

export interface PyroRemoteErrorOptions extends ErrorOptions {
  /** Class name as it was sent, with its module: `builtins.ZeroDivisionError`. */
  readonly remoteType: string;
  readonly args?: readonly unknown[];
  /** Instance attributes of the exception, without the traceback. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly traceback?: readonly string[];
}

/** An exception of the far method that is none of Pyro's own; told apart by `remoteType`. */
export class PyroRemoteError extends RemoteError {
  override readonly name: string = "PyroRemoteError";
  declare readonly remoteType: string;
  readonly args: readonly unknown[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The lines that `remoteTraceback` joins. */
  readonly traceback: readonly string[] | undefined;

  constructor(message: string, options: PyroRemoteErrorOptions) {
    const { traceback } = options;
    super(message, { ...options, ...(traceback === undefined ? {} : { remoteTraceback: traceback.join("") }) });
    this.args = options.args ?? [message];
    this.attributes = options.attributes ?? {};
    this.traceback = traceback;
  }
}

/**
 * The error tree of the whole project.
 *
 *     LibError (abstract; code, cause)
 *     ├─ UsageError            the caller is wrong, or calls in the wrong state
 *     ├─ ConnectionError       could not connect, or the connection ended
 *     │   └─ ProtocolError     the peer broke the protocol; the connection is not reusable
 *     │       └─ LimitError    a size or count crossed a limit
 *     ├─ TimeoutError          a deadline of ours ran out
 *     └─ RemoteError           the peer answered with an error
 *
 * Branches are cut by who must act: me, the network, the peer, the far application. Messages read
 * "Cannot <what was attempted>: <why, with the numbers>".
 * @module
 */

/** Root of every error this library throws on its own account. Cancellation is not one of them: `signal.reason` passes untouched. */
export abstract class LibError extends Error {
  abstract readonly code: string;
}

/** The caller passed something wrong or called in a state that does not allow it. */
export class UsageError extends LibError {
  override readonly name: string = "UsageError";
  readonly code: string;

  constructor(message: string, options: ErrorOptions & { code?: "ERR_USAGE" | "ERR_STATE" } = {}) {
    super(message, options);
    this.code = options.code ?? "ERR_USAGE";
  }
}

export interface ConnectionErrorOptions extends ErrorOptions {
  readonly code?: string;
  /** The request left this process and may have been carried out by the peer. */
  readonly maybeSent?: boolean;
}

/** A connection could not be made, or it ended under a request. */
export class ConnectionError extends LibError {
  override readonly name: string = "ConnectionError";
  readonly code: string;
  /** True if the peer may have received, and acted on, what was being sent. */
  readonly maybeSent: boolean;

  constructor(message: string, options: ConnectionErrorOptions = {}) {
    super(message, options);
    this.code = options.code ?? "ERR_CLOSED";
    this.maybeSent = options.maybeSent ?? false;
  }
}

export interface ProtocolErrorOptions extends ErrorOptions {
  readonly code?: string;
  /** Byte offset in the stream or text at which the peer went wrong. */
  readonly offset?: number;
  /** What to answer the peer before closing, in the protocol's own numbers. */
  readonly replyCode?: number;
}

/** The peer broke the protocol. Whatever decoder threw this stays failed. */
export class ProtocolError extends ConnectionError {
  override readonly name: string = "ProtocolError";
  readonly offset: number | undefined;
  readonly replyCode: number | undefined;

  constructor(message: string, options: ProtocolErrorOptions = {}) {
    super(message, { ...options, code: options.code ?? "ERR_PROTOCOL" });
    this.offset = options.offset;
    this.replyCode = options.replyCode;
  }
}

/** A size, depth or count crossed a limit; thrown when the size is announced, before anything is allocated for it. */
export class LimitError extends ProtocolError {
  override readonly name: string = "LimitError";

  constructor(message: string, options: ProtocolErrorOptions = {}) {
    super(message, { ...options, code: options.code ?? "ERR_LIMIT" });
  }
}

/** A deadline that we set ran out. */
export class TimeoutError extends LibError {
  override readonly name: string = "TimeoutError";
  readonly code: string = "ERR_TIMEOUT";
  /** How long was waited, in milliseconds. */
  readonly ms: number;

  constructor(message: string, ms: number, options?: ErrorOptions) {
    super(message, options);
    this.ms = ms;
  }
}

export interface RemoteErrorOptions extends ErrorOptions {
  readonly code?: string;
  readonly remoteType?: string;
  readonly remoteTraceback?: string;
}

/** The peer understood the request and answered with an error of its own. */
export class RemoteError extends LibError {
  override readonly name: string = "RemoteError";
  readonly code: string;
  /** Class name on the peer's side, as it was sent. */
  readonly remoteType: string | undefined;
  readonly remoteTraceback: string | undefined;

  constructor(message: string, options: RemoteErrorOptions = {}) {
    super(message, options);
    this.code = options.code ?? "ERR_REMOTE";
    this.remoteType = options.remoteType;
    this.remoteTraceback = options.remoteTraceback;
  }
}

/** Returns `value` itself if it is an `Error`, else an `Error` that says what was thrown instead. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(`A value that is no Error was thrown: ${textOf(value)}`);
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch { // an object without, or with a broken, toString
    return Object.prototype.toString.call(value);
  }
}

/** Makes the compiler list every place that forgot a member of a closed union. */
export function unreachable(value: never): never {
  throw new UsageError(`Cannot handle ${String(value)}: no such case`);
}

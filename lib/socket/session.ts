import type { Connection } from "../net/mod.ts";
import { Framed, type FramedOptions } from "../net/mod.ts";
import type { Message } from "./wire/message.ts";
import {
  type DataSink,
  encodeMessage,
  type Incoming,
  MessageDecoder,
  SessionDecoder,
  type SessionLimits,
} from "./wire/session_codec.ts";

/**
 * A connection on which strings are exchanged and files go either way.
 *
 * Owns: the connection.
 */
export class Session {
  readonly connection: Connection;
  readonly #decoder: MessageDecoder | SessionDecoder;
  readonly #framed: Framed<Incoming, Message>;

  private constructor(connection: Connection, decoder: MessageDecoder | SessionDecoder, options: FramedOptions) {
    this.connection = connection;
    this.#decoder = decoder;
    this.#framed = new Framed(connection, { decoder: () => decoder, encode: encodeMessage }, options);
  }

  /** The client's side: frames come. */
  static ofClient(connection: Connection, options: FramedOptions & SessionLimits = {}): Session {
    return new Session(connection, new MessageDecoder(options), options);
  }

  /** The server's side: frames or plain lines come. */
  static ofServer(connection: Connection, options: FramedOptions & SessionLimits = {}): Session {
    return new Session(connection, new SessionDecoder(options), options);
  }

  get peer(): string {
    return this.connection.peer;
  }

  /** The peer speaks no frames. */
  get isText(): boolean {
    return this.#decoder instanceof SessionDecoder && this.#decoder.isText;
  }

  /** File bytes go to `sink` as they arrive, until it is taken away again; see `MessageDecoder`. */
  divert(sink: DataSink | undefined): void {
    this.#decoder.divert(sink);
  }

  /** The next message; `undefined` at the peer's EOF. Not pulling is what slows the peer down. */
  next(options?: { signal?: AbortSignal | undefined }): Promise<Incoming | undefined> {
    return this.#framed.next(options);
  }

  write(message: Message): boolean {
    return this.#framed.write(message);
  }

  drained(): Promise<void> {
    return this.#framed.drained();
  }

  send(message: Message): Promise<void> {
    return this.#framed.send(message);
  }

  close(timeoutMs?: number): Promise<void> {
    return this.#framed.close(timeoutMs);
  }

  abort(reason?: Error): void {
    this.#framed.abort(reason);
  }
}

import { asError } from "../../base/errors.ts";
import type { Connection, PeerCertificate } from "../../net/mod.ts";
import { ProcessHold } from "./process_hold.ts";
import { writeMessage } from "../write_message.ts";
import { ConnectionClosedError, ProtocolError, PyroError } from "../wire/errors.ts";
import { describeMessage, type Message, type MessageAuthenticator, MessageType } from "../wire/message.ts";
import { MessageDecoder } from "../wire/message_decoder.ts";
import type { ProxySettings } from "./settings.ts";

/** Told of one answer, or why none will come; called once. */
export interface Reply {
  answered(message: Message): void;
  failed(error: Error): void;
}

/** A request that was sent. */
export interface Pending {
  readonly seq: number;
  readonly expected: readonly MessageType[];
  /** Undefined once nobody waits for the answer any more. */
  reply: Reply | undefined;
}

/** What nobody has asked for may not come at all. */
const NOTHING: readonly MessageType[] = [];
const CLOSE_MS = 1000;
/** Answered requests are dropped in one go once this many stand at the head, so that no answer shifts the array. */
const DROP_AT = 1024;

/**
 * One connection to a daemon, on which requests are answered in the order in which they were sent. So any number may be
 * on their way; answers find them by sequence number.
 *
 *     open ──give up on a request──> retired ──last answer──> closed
 *      └──────── close(), loss, protocol error ───────────────────┘
 *
 * A retired connection takes no new requests: they would wait behind one that may never be answered.
 *
 * Owns: the connection it is given, and a hold on the process while somebody waits. However it ends, every request that waits is failed with the same reason.
 */
export class DaemonConnection {
  /** Id of the object that the proxy stands for, at this daemon. */
  readonly objectId: string;
  readonly #connection: Connection;
  readonly #settings: ProxySettings;
  readonly #authenticator: MessageAuthenticator | undefined;
  readonly #decoder: MessageDecoder;
  readonly #hold = new ProcessHold();
  #pending: Pending[] = [];
  #head = 0; // index of the oldest request that is not answered
  #waiting = 0; // requests that somebody still waits for
  #state: "open" | "retired" | "closed" = "open";

  constructor(
    connection: Connection,
    objectId: string,
    settings: ProxySettings,
    authenticator: MessageAuthenticator | undefined,
  ) {
    this.#connection = connection;
    this.objectId = objectId;
    this.#settings = settings;
    this.#authenticator = authenticator;
    this.#decoder = new MessageDecoder({ maxMessageBytes: settings.maxMessageBytes, authenticator });
    connection.read((chunk) => this.#receive(chunk), { lend: true }).then(() => this.#decoder.end()).then(
      () => this.#lost(undefined),
      (error) => this.#lost(asError(error)),
    );
  }

  /** True while requests can be sent. */
  get isOpen(): boolean {
    return this.#state === "open" && this.#connection.isOpen;
  }

  /** What the daemon has shown, where TLS is spoken. */
  get certificate(): PeerCertificate | undefined {
    return this.#connection.peerCertificate;
  }

  /** Requests that wait for their answers. */
  get inFlight(): number {
    return this.#pending.length - this.#head;
  }

  /**
   * Sends a request.
   *
   * @param expected types of the answer; none: there is no answer, and `reply` is not told anything
   * @returns what to hand to `giveUp`
   * @throws {MessageTooLargeError}, {ProtocolError}, with nothing sent
   */
  send(message: Message, expected: readonly MessageType[], reply: Reply | undefined): Pending | undefined {
    const { log, config, maxMessageBytes } = this.#settings;
    if (config.LOGWIRE) log.debug("proxy wiredata sending", { message: describeMessage(message) });
    writeMessage(this.#connection, message, { maxMessageBytes, authenticator: this.#authenticator });
    if (reply === undefined) return undefined;
    const pending: Pending = { seq: message.seq, expected, reply };
    this.#pending.push(pending);
    if (this.#waiting++ === 0) this.#hold.hold();
    return pending;
  }

  /** Nobody waits for this request's answer any more: the connection is retired, and closed once nothing is waited for. */
  giveUp(pending: Pending): void {
    if (pending.reply === undefined) return;
    pending.reply = undefined;
    this.#answeredOne();
    if (this.#state === "open") this.#state = "retired";
    this.#closeIfDone();
  }

  /** Resolves when the system has taken everything that was sent. */
  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /** Ends the connection; requests that wait are failed. Never rejects. */
  async close(): Promise<void> {
    const isBusy = this.inFlight > 0;
    if (this.#state !== "closed") this.#fail(new ConnectionClosedError("the connection was released"));
    if (isBusy) { // the daemon would close its side only after it has answered
      this.#connection.flush();
      this.#connection.abort();
    }
    await this.#connection.close(CLOSE_MS);
  }

  #receive(chunk: Uint8Array): void {
    this.#decoder.feed(chunk);
    for (;;) {
      const message = this.#decoder.next(this.#pending[this.#head]?.expected ?? NOTHING);
      if (message === undefined) return;
      const { log, config } = this.#settings;
      if (config.LOGWIRE) log.debug("proxy wiredata received", { message: describeMessage(message) });
      this.#settle(message);
    }
  }

  #settle(message: Message): void {
    const pending = this.#pending[this.#head];
    if (pending === undefined) return; // `next` has let nothing through
    if (message.seq !== pending.seq && message.type === MessageType.result) {
      throw new ProtocolError(
        `invoke: reply sequence out of sync, got ${message.seq} expected ${pending.seq}`,
        { maybeSent: true },
      );
    }
    if (++this.#head === this.#pending.length) this.#pending.length = this.#head = 0;
    else if (this.#head >= DROP_AT) {
      this.#pending.splice(0, this.#head);
      this.#head = 0;
    }
    if (pending.reply !== undefined) {
      this.#answeredOne();
      pending.reply.answered(message);
    }
    this.#closeIfDone();
  }

  #answeredOne(): void {
    if (--this.#waiting === 0) this.#hold.letGo();
  }

  #closeIfDone(): void {
    if (this.#state !== "retired" || this.#waiting > 0) return;
    this.#state = "closed";
    this.#hold.end();
    void this.#connection.close(CLOSE_MS);
  }

  /** The reader has ended: by EOF, by a loss, or because what came could not be read. */
  #lost(error: Error | undefined): void {
    if (this.#state !== "closed") this.#fail(error);
    this.#connection.abort(error);
  }

  #fail(error: Error | undefined): void {
    this.#state = "closed";
    this.#hold.end();
    const waiting = this.#pending.slice(this.#head);
    this.#pending = [];
    this.#head = 0;
    this.#waiting = 0;
    const reason = error instanceof PyroError ? error : new ConnectionClosedError(
      error === undefined ? "receiving: not enough data" : `receiving: connection lost: ${error.message}`,
      { cause: error, maybeSent: true },
    );
    for (const { reply } of waiting) reply?.failed(reason);
  }
}

import { utf8 } from "../base/bytes.ts";
import { asError, ConnectionError, LimitError, ProtocolError } from "../base/errors.ts";
import { withDeadline } from "../base/time.ts";
import { type Address, connect, type ConnectOptions, DEFAULT_MAX_FRAME_BYTES } from "../net/mod.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { TransferError } from "./errors.ts";
import { receiveFiles, type ReceiveOptions } from "./receive_files.ts";
import { sendFiles, type SendOptions } from "./send_files.ts";
import { isProof, newNonce, proofOf } from "./shared_secret.ts";
import type { SourceList } from "./source.ts";
import { Session } from "./session.ts";
import type { TransferReport } from "./transfer.ts";
import { quoteName } from "./wire/file_name.ts";
import { type Message, type Offer, PROTOCOL_VERSION } from "./wire/message.ts";
import type { Incoming } from "./wire/session_codec.ts";

/** The most that fits into a frame; a server may take less. */
const MAX_TEXT_BYTES = DEFAULT_MAX_FRAME_BYTES - 2;

export interface SocketClientOptions extends ConnectOptions {
  /** Proved to the server, and asked of it, before anything else. Default: neither. */
  readonly secret?: string | undefined;
  /** How long an answer, or any sign of life during a transfer, may take. Default 300000. */
  readonly answerTimeoutMs?: number;
}

/**
 * A connection to a string and file server: one request at a time, as many as you like.
 *
 * Owns: the connection.
 *
 * @example
 * ```ts
 * const client = await SocketClient.connect({ host: "127.0.0.1", port: 9999 });
 * await client.ask("hello");
 * await client.close();
 * ```
 */
export class SocketClient {
  readonly #session: Session;
  readonly #answerTimeoutMs: number;

  private constructor(session: Session, answerTimeoutMs: number) {
    this.#session = session;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /**
   * Ask or send at once: who says nothing for a second is taken for a plain socket that wants the time.
   *
   * @throws {ConnectionError}; {TransferError} code `secret` where one side does not know the other's
   */
  static async connect(address: Address, options: SocketClientOptions = {}): Promise<SocketClient> {
    const { answerTimeoutMs = 300_000, secret } = options;
    const session = Session.ofClient(await connect(address, options), { idleTimeoutMs: answerTimeoutMs });
    const client = new SocketClient(session, answerTimeoutMs);
    try {
      if (secret !== undefined) await client.#authenticate(secret);
    } catch (error) {
      session.abort();
      throw error;
    }
    return client;
  }

  /**
   * Sends a string and resolves with the server's answer.
   *
   * @throws {LimitError} for a string that no server would take; {TransferError} if this one could not answer
   */
  async ask(text: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    if (text.length > MAX_TEXT_BYTES / 4 && utf8(text).length > MAX_TEXT_BYTES) {
      throw new LimitError(`Cannot ask: the text has ${utf8(text).length} bytes, limit is ${MAX_TEXT_BYTES}`);
    }
    await this.#session.send({ kind: "text", text });
    const answer = await this.#answer(options.signal);
    if (answer.kind !== "text") throw new ProtocolError(`Cannot read the answer: ${answer.kind} came instead of text`);
    return answer.text;
  }

  /** Sends what is in `list`; the caller closes it. */
  send(list: SourceList, options: SendOptions = {}): Promise<TransferReport> {
    return sendFiles(this.#session, list, options);
  }

  /**
   * Asks what the server would send for these names.
   *
   * @throws {TransferError} for the first that it would not; {ProtocolError} if it offers what was not asked for
   */
  async request(names: readonly string[], options: { digest?: boolean; signal?: AbortSignal } = {}): Promise<Offer> {
    await this.#session.send({ kind: "get", names, digest: options.digest ?? true });
    const answer = await this.#answer(options.signal);
    if (answer.kind !== "offer") {
      throw new ProtocolError(`Cannot read the answer: ${answer.kind} came instead of an offer`);
    }
    this.#refuseUnasked(answer, names);
    return answer;
  }

  /** Takes what was offered into `folder`; the caller closes it. */
  receive(offer: Offer, folder: ConfinedFolder, options: ReceiveOptions = {}): Promise<TransferReport> {
    return receiveFiles(this.#session, offer, folder, options);
  }

  /** The connection beneath, for transfers of another kind. */
  get session(): Session {
    return this.#session;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(signal?: AbortSignal): Promise<Exclude<Message, { kind: "error" }>> {
    while (true) {
      const message = await this.#next(signal);
      if (message === undefined) {
        throw new ConnectionError(`Cannot hear an answer: ${this.#session.peer} ended the connection`);
      }
      if (message.kind === "error") throw new TransferError(message.reason, message.code);
      if (message.kind === "line") throw new ProtocolError("Cannot read the answer: plain text came among frames");
      if (message.kind !== "working") return message;
    }
  }

  /** A server may offer what was asked for and what is in it, under its own name: it does not choose where we write. */
  #refuseUnasked({ entries }: Offer, names: readonly string[]): void {
    const asked = new Set(names.map((name) => name.split("/").at(-1)));
    const stray = entries.find(({ name }) => !asked.has(name.split("/")[0]));
    if (stray === undefined) return;
    const error = new ProtocolError(
      `Cannot take the offer of ${this.#session.peer}: ${quoteName(stray.name)} was not asked for`,
    );
    this.#session.abort(error);
    throw error;
  }

  /** An answer that is not waited for any more would be taken for the next one's: the connection ends with the wait. */
  async #next(signal: AbortSignal | undefined): Promise<Incoming | undefined> {
    try {
      const what = `hear an answer of ${this.#session.peer}`;
      return await withDeadline(this.#session.next({ signal }), { timeoutMs: this.#answerTimeoutMs, what });
    } catch (error) {
      this.#session.abort(asError(error));
      throw error;
    }
  }

  async #authenticate(secret: string): Promise<void> {
    const client = newNonce();
    await this.#session.send({ kind: "hello", version: PROTOCOL_VERSION, nonce: client });
    const challenge = await this.#answer();
    if (challenge.kind !== "challenge") {
      throw new ProtocolError(`Cannot prove the secret: ${challenge.kind} came instead`);
    }
    const nonces = { client, server: challenge.nonce };
    await this.#session.send({ kind: "proof", mac: proofOf(secret, "client", nonces) });
    const welcome = await this.#answer();
    if (welcome.kind !== "welcome" || !isProof(welcome.mac, proofOf(secret, "server", nonces))) {
      throw new TransferError("Cannot trust the server: it does not know the shared secret", "secret");
    }
  }
}

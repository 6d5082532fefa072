import { AsyncQueue } from "../base/async_queue.ts";
import { onAbort } from "../base/abort.ts";
import { asError, ConnectionError, ProtocolError } from "../base/errors.ts";
import { BlockRing } from "./blocks.ts";
import { failureOf, fileError, TransferError } from "./errors.ts";
import { FileSender } from "./file_sender.ts";
import type { SourceList } from "./source.ts";
import { type FileOutcome, keepTalking, type TransferOptions, type TransferReport } from "./transfer.ts";
import type { Session } from "./session.ts";
import { quoteName } from "./wire/file_name.ts";
import type { Entry, Existing, Want } from "./wire/message.ts";

/** More than a receiver asks for ahead; beyond it, its wants wait in the socket. */
const MAX_WANTS = 64;

export interface SendOptions extends TransferOptions {
  /** False: no SHA-256 is calculated and none is checked. Default true. */
  readonly digest?: boolean;
  /** What the receiver should do where a file of that name is there already; it decides. Default: what it does anyway. */
  readonly existing?: Existing | undefined;
}

/**
 * Offers what is in `list` and sends what the receiver wants of it.
 *
 * A file that fails does not stop the others. `list` stays open: whoever made it closes it.
 *
 * @throws {TransferError} if the receiver refuses the whole offer; {ConnectionError} if the connection is lost; `signal.reason`
 */
export async function sendFiles(
  session: Session,
  list: SourceList,
  options: SendOptions = {},
): Promise<TransferReport> {
  const entries = list.sources.map(({ entry }) => entry);
  const { digest = true, existing } = options;
  await session.send({ kind: "offer", entries, digest, ...(existing === undefined ? {} : { existing }) });
  const sender = new Sender(session, list, options);
  const quiet = keepTalking(session);
  const unlisten = onAbort(options.signal, (reason) => session.abort(asError(reason)));
  try {
    return await sender.run();
  } catch (error) {
    options.signal?.throwIfAborted(); // what broke then is only the consequence
    throw error;
  } finally {
    unlisten();
    quiet();
  }
}

class Sender {
  readonly #session: Session;
  readonly #list: SourceList;
  readonly #options: SendOptions;
  readonly #wants = new AsyncQueue<Want>(MAX_WANTS);
  readonly #outcomes: (FileOutcome | undefined)[];
  readonly #sent: number[];
  readonly #ring = new BlockRing();
  #current: FileSender | undefined;

  constructor(session: Session, list: SourceList, options: SendOptions) {
    this.#session = session;
    this.#list = list;
    this.#options = options;
    this.#outcomes = list.sources.map(() => undefined);
    this.#sent = list.sources.map(() => 0);
  }

  /** Two loops: one hears what the receiver says, one sends what it wants. Whichever fails ends the other. */
  async run(): Promise<TransferReport> {
    const { events } = this.#options;
    for (const notice of this.#list.notices) events?.onNotice?.(notice);
    const files = this.#list.sources.filter(({ kind }) => kind !== "folder");
    const sizes = files.map(({ entry }) => entry.size);
    const total = sizes.every((size) => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
    events?.onStart?.(files.length, total);
    const hearing = this.#hear().then(() => this.#wants.end(), (error) => {
      this.#wants.fail(error);
      throw error;
    });
    hearing.catch(() => {}); // told below, after the sending loop has ended too
    try {
      for await (const want of this.#wants) await this.#send(want);
    } catch (error) {
      if (this.#session.connection.isOpen) this.#session.abort(asError(error));
      await hearing.catch(() => {}); // the first of the two errors is the one that says why
      throw error;
    }
    await hearing;
    return { files: this.#outcomes.filter((outcome) => outcome !== undefined) };
  }

  async #hear(): Promise<void> {
    while (true) {
      const message = await this.#session.next();
      if (message === undefined) {
        throw new ConnectionError(`Cannot send everything: ${this.#session.peer} ended the connection before`);
      }
      switch (message.kind) {
        case "want":
          await this.#wants.push(message);
          break;
        case "stored": {
          const { name } = this.#entry(message.index);
          const isRenamed = message.name !== name && message.name !== name.split("/").at(-1);
          this.#settle(message.index, { outcome: "stored", ...(isRenamed ? { storedAs: message.name } : {}) });
          break;
        }
        case "skip":
          this.#settle(message.index, { outcome: "skipped", reason: message.reason });
          break;
        case "failed":
          if (this.#current?.index === message.index) this.#current.stop();
          this.#settle(message.index, { outcome: "failed", code: message.code, reason: message.reason });
          break;
        case "done":
          return;
        case "error":
          throw new TransferError(message.reason, message.code);
        case "working":
          break;
        default:
          throw new ProtocolError(`Cannot send: the receiver answered with ${message.kind}`);
      }
    }
  }

  async #send(want: Want): Promise<void> {
    const source = this.#list.sources[want.index];
    if (source === undefined || source.kind === "folder" || this.#outcomes[want.index] !== undefined) {
      throw new ProtocolError(`Cannot send entry ${want.index}: it is not to be had`);
    }
    const sender = new FileSender(this.#session, source, want, this.#ring, this.#options);
    this.#current = sender;
    try {
      await sender.run(this.#options.digest ?? true);
    } catch (error) {
      if (error instanceof ConnectionError || !this.#session.connection.isOpen) throw error;
      const failure = failureOf(fileError(`send ${quoteName(source.entry.name)}`, error));
      this.#sent[want.index] = sender.sentBytes;
      this.#settle(want.index, { outcome: "failed", ...failure });
      await this.#session.send({ kind: "abort", index: want.index, ...failure });
    } finally {
      this.#current = undefined;
      this.#sent[want.index] = sender.sentBytes;
    }
  }

  #entry(index: number): Entry {
    const source = this.#list.sources[index];
    if (source === undefined) throw new ProtocolError(`Cannot send: there is no entry ${index} in the offer`);
    return source.entry;
  }

  /** The first that is heard of a file is what became of it. */
  #settle(index: number, outcome: Omit<FileOutcome, "name" | "sentBytes">): void {
    const { name } = this.#entry(index);
    if (this.#outcomes[index] !== undefined) return;
    const whole = {
      name,
      sentBytes: this.#current?.index === index ? this.#current.sentBytes : this.#sent[index] ?? 0,
      ...outcome,
    };
    this.#outcomes[index] = whole;
    this.#options.events?.onOutcome?.(whole);
  }
}

import process from "node:process";
import { onAbort } from "../base/abort.ts";
import { asError, ConnectionError, ProtocolError } from "../base/errors.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { failureOf, fileError, TransferError } from "./errors.ts";
import { PartialFile } from "./partial_file.ts";
import { type Decision, planReceipt } from "./receive_plan.ts";
import { type FileOutcome, keepTalking, type TransferOptions, type TransferReport } from "./transfer.ts";
import type { Session } from "./session.ts";
import { quoteName } from "./wire/file_name.ts";
import type { Abort, End, Entry, Existing, Message, Offer } from "./wire/message.ts";

/** Files that are asked for ahead, so that small files do not wait for a round trip each. */
const WINDOW = 16;

export interface ReceiveOptions extends TransferOptions {
  /** What to do where a file of that name is there already. Default `refuse`. */
  readonly existing?: Existing;
  /** Own mask on the sender's permission bits. Default: the process's umask. */
  readonly umask?: number;
}

/**
 * Takes what is offered into `root`: asks for each file from where an earlier attempt stopped, checks it, names it.
 *
 * A file that fails does not stop the others. Whatever ends the connection leaves the partial file for the next attempt.
 *
 * @throws {ConnectionError} if the connection is lost; `signal.reason`
 */
export async function receiveFiles(
  session: Session,
  offer: Offer,
  root: ConfinedFolder,
  options: ReceiveOptions = {},
): Promise<TransferReport> {
  const receiver = new Receiver(session, offer, root, options);
  const quiet = keepTalking(session);
  const unlisten = onAbort(options.signal, (reason) => session.abort(asError(reason)));
  try {
    return await receiver.run();
  } catch (error) {
    options.signal?.throwIfAborted(); // what broke then is only the consequence
    throw error;
  } finally {
    unlisten();
    quiet();
    await receiver.close();
  }
}

/** A file that was asked for and has not begun. */
interface Asked {
  readonly index: number;
  readonly entry: Entry;
  readonly file: PartialFile;
}

/** How the bytes of a file ended. */
interface Body {
  readonly end: End | Abort;
  readonly sentBytes: number;
  /** What the disk said; the bytes after it were dropped. */
  readonly failure: Error | undefined;
}

class Receiver {
  readonly #session: Session;
  readonly #offer: Offer;
  readonly #root: ConfinedFolder;
  readonly #options: ReceiveOptions;
  readonly #existing: Existing;
  readonly #files: FileOutcome[] = [];
  #asked: Asked[] = []; // in the order in which the sender will begin them

  constructor(session: Session, offer: Offer, root: ConfinedFolder, options: ReceiveOptions) {
    this.#session = session;
    this.#offer = offer;
    this.#root = root;
    this.#options = options;
    this.#existing = options.existing ?? "refuse";
  }

  async run(): Promise<TransferReport> {
    const wanted = this.#decided(await planReceipt(this.#root, this.#offer.entries, this.#existing));
    this.#options.events?.onStart?.(wanted.length, totalOf(wanted));
    let next = 0;
    while (next < wanted.length || this.#asked.length > 0) {
      for (; next < wanted.length && this.#asked.length < WINDOW; next++) await this.#ask(wanted[next]);
      const first = this.#asked[0];
      if (first !== undefined) await this.#receive(first);
    }
    await this.#session.send({ kind: "done" });
    return { files: this.#files };
  }

  /** Leaves unfinished files for the next attempt. */
  async close(): Promise<void> {
    for (const { file } of this.#asked) await file.close();
    this.#asked = [];
  }

  /** Answers every entry that no bytes are wanted for, and returns the others. */
  #decided(decisions: readonly Decision[]): Wanted[] {
    const wanted: Wanted[] = [];
    for (const [index, entry] of this.#offer.entries.entries()) {
      const decision = decisions[index];
      if (decision === undefined) continue;
      const { name } = entry;
      switch (decision.kind) {
        case "take":
          wanted.push({ index, entry, parts: decision.parts });
          break;
        case "made":
          this.#session.write({ kind: "stored", index, name });
          this.#note({ name, outcome: "stored", sentBytes: 0 });
          break;
        case "skip":
          this.#session.write({ kind: "skip", index, reason: decision.reason });
          this.#note({ name, outcome: "skipped", reason: decision.reason, sentBytes: 0 });
          break;
        case "refuse":
          this.#fail({ index, entry }, new TransferError(decision.reason, decision.code), 0);
      }
    }
    return wanted;
  }

  /** Opens the partial file and tells the sender how much of it is there. */
  async #ask(wanted: Wanted | undefined): Promise<void> {
    if (wanted === undefined) return;
    const { index, entry, parts } = wanted;
    const { digest } = this.#offer;
    try {
      const folder = await this.#root.descend(parts.slice(0, -1), { create: true });
      const file = await PartialFile.open(folder, parts.at(-1) ?? "");
      this.#asked.push({ index, entry, file });
      const offset = entry.size === null || file.foundBytes > entry.size ? 0 : file.foundBytes;
      const prefix = offset > 0 ? await file.keepPrefix(offset, { digest }) : null;
      if (offset === 0) await file.startOver({ digest });
      await this.#session.send({ kind: "want", index, offset, prefix });
    } catch (error) {
      await this.#asked.find((asked) => asked.index === index)?.file.close();
      this.#asked = this.#asked.filter((asked) => asked.index !== index);
      if (error instanceof ConnectionError) throw error;
      this.#fail(wanted, error, 0);
    }
  }

  /** Takes one file from `begin` to its name, or to where it failed. */
  async #receive(asked: Asked): Promise<void> {
    const begin = await this.#next();
    if ((begin.kind !== "begin" && begin.kind !== "abort") || begin.index !== asked.index) {
      throw new ProtocolError(`Cannot receive: ${begin.kind} came where entry ${asked.index} was to begin`);
    }
    const body = begin.kind === "begin"
      ? await this.#body(asked, begin.offset)
      : { end: begin, sentBytes: 0, failure: undefined };
    this.#asked.shift();
    try {
      await this.#conclude(asked, body);
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      this.#fail(asked, error, body.sentBytes);
    } finally {
      await asked.file.close();
    }
  }

  /** Writes file bytes until `end` or `abort`; after a disk error it drops them until the sender has heard of it. */
  async #body({ index, entry, file }: Asked, offset: number): Promise<Body> {
    const { events, limit, signal } = this.#options;
    if (offset !== file.size) {
      if (offset !== 0) throw new ProtocolError(`Cannot receive from byte ${offset}: ${file.size} are here`);
      await file.startOver({ digest: this.#offer.digest });
    }
    events?.onFile?.(entry.name, entry.size ?? undefined, offset);
    let [sentBytes, pacedBytes] = [0, 0];
    let failure: Error | undefined;
    const take = (bytes: Uint8Array) => {
      sentBytes += bytes.length;
      events?.onBytes?.(bytes.length);
      if (failure !== undefined) return;
      if (entry.size !== null && file.size + bytes.length > entry.size) { // the room for it was never looked at
        throw new ProtocolError(
          `Cannot store ${quoteName(entry.name)}: ${entry.size} bytes were offered, more came`,
        );
      }
      try {
        file.write(bytes);
      } catch (error) {
        failure = fileError(`store ${quoteName(entry.name)}`, error);
        this.#session.write({ kind: "failed", index, ...failureOf(failure) });
      }
    };
    this.#session.divert({ take, room: (atMost) => failure === undefined ? file.room(atMost) : undefined });
    try {
      while (true) {
        const message = await this.#next();
        if (message.kind === "data") take(message.bytes);
        if (file.patience !== undefined) await file.patience;
        const unpacedBytes = sentBytes - pacedBytes; // of a small file they come together with its end
        pacedBytes = sentBytes; // more may come while we wait
        if (limit !== undefined && unpacedBytes > 0) await limit.take(unpacedBytes, signal);
        if (message.kind === "end" || message.kind === "abort") return { end: message, sentBytes, failure };
        if (message.kind !== "data") throw new ProtocolError(`Cannot receive: ${message.kind} came inside a file`);
      }
    } finally {
      this.#session.divert(undefined);
    }
  }

  /** Checks what came and gives it its name. @throws what is wrong with it */
  async #conclude({ index, entry, file }: Asked, { end, sentBytes, failure }: Body): Promise<void> {
    const { name } = entry;
    if (failure !== undefined) return this.#note({ name, outcome: "failed", ...failureOf(failure), sentBytes });
    if (end.kind === "abort") {
      return this.#note({ name, outcome: "failed", code: end.code, reason: end.reason, sentBytes });
    }
    this.#options.events?.onVerify?.(name);
    const digest = await file.complete();
    const { size } = file;
    const isComplete = size === end.size;
    if (!isComplete || (this.#offer.digest && digest !== end.digest)) {
      await file.discard();
      const why = isComplete
        ? "what came has another SHA-256 than what was sent"
        : `${end.size} bytes were announced, ${size} came`;
      throw new TransferError(`Cannot store ${quoteName(name)}: ${why}`, "digest");
    }
    const storedAs = await file.finish(entry.mode & ~(this.#options.umask ?? process.umask()), this.#existing);
    await this.#session.send({ kind: "stored", index, name: storedAs });
    const isRenamed = storedAs !== name.split("/").at(-1);
    this.#note({ name, outcome: "stored", sentBytes, ...(isRenamed ? { storedAs } : {}) });
  }

  /** The next message that means something. @throws {ConnectionError} if the sender left; what it said was wrong */
  async #next(): Promise<Message> {
    while (true) {
      const message = await this.#session.next();
      if (message === undefined) {
        throw new ConnectionError(`Cannot receive everything: ${this.#session.peer} ended the connection before`);
      }
      if (message.kind === "error") throw new TransferError(message.reason, message.code);
      if (message.kind === "line") throw new ProtocolError("Cannot receive: plain text came among frames");
      if (message.kind !== "working") return message;
    }
  }

  #fail({ index, entry }: { index: number; entry: Entry }, error: unknown, sentBytes: number): void {
    const failure = failureOf(fileError(`store ${quoteName(entry.name)}`, error));
    if (this.#session.connection.isOpen) this.#session.write({ kind: "failed", index, ...failure });
    this.#note({ name: entry.name, outcome: "failed", ...failure, sentBytes });
  }

  #note(outcome: FileOutcome): void {
    this.#files.push(outcome);
    this.#options.events?.onOutcome?.(outcome);
  }
}

/** An entry that bytes are wanted for. */
interface Wanted {
  readonly index: number;
  readonly entry: Entry;
  readonly parts: readonly string[];
}

/** Bytes of all files; `undefined` where one has no known size. */
function totalOf(wanted: readonly Wanted[]): number | undefined {
  let total = 0;
  for (const { entry } of wanted) {
    if (entry.size === null) return undefined;
    total += entry.size;
  }
  return total;
}

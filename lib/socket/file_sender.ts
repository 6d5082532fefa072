import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { BLOCK_BYTES, BlockRing } from "./blocks.ts";
import { TransferError } from "./errors.ts";
import { hashPrefix } from "./partial_file.ts";
import type { Source } from "./source.ts";
import type { Session } from "./session.ts";
import type { TransferOptions } from "./transfer.ts";
import { quoteName } from "./wire/file_name.ts";
import type { Want } from "./wire/message.ts";

/** Sends one file, or the rest of it that the receiver does not have. */
export class FileSender {
  readonly index: number;
  /** File bytes that left so far. */
  sentBytes = 0;
  readonly #session: Session;
  readonly #source: Source & { kind: "file" | "stream" };
  readonly #want: Want;
  readonly #options: TransferOptions;
  readonly #ring: BlockRing;
  #isStopped = false;

  /** @param ring the connection's own: its blocks may still be on their way from the file before */
  constructor(
    session: Session,
    source: Source & { kind: "file" | "stream" },
    want: Want,
    ring: BlockRing,
    options: TransferOptions,
  ) {
    this.index = want.index;
    this.#ring = ring;
    this.#session = session;
    this.#source = source;
    this.#want = want;
    this.#options = options;
  }

  /** The receiver does not want the rest: what is not sent yet is not sent. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * `begin`, the bytes, `end`.
   * @throws {TransferError} code `changed` if the file is another at the end than at the beginning; what the disk said
   */
  async run(digest: boolean): Promise<void> {
    if (this.#source.kind === "stream") return await this.#runStream(this.#source, digest);
    const handle = await this.#source.open();
    try {
      await this.#runFile(handle, digest);
    } finally {
      await handle.close();
    }
  }

  async #runFile(handle: FileHandle, digest: boolean): Promise<void> {
    const { name, size } = this.#source.entry;
    const before = await handle.stat();
    if (before.size !== size) throw changed(name, `it had ${size} bytes when it was offered, ${before.size} now`);
    const { offset, hash } = await this.#start(handle, digest);
    await this.#begin(offset);
    const end = await this.#sendBlocks(handle, offset, hash);
    const after = await handle.stat();
    if (end !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw changed(name, "it was written to while it was sent");
    }
    await this.#end(end, hash);
  }

  /** Where to go on: behind the receiver's bytes if they are ours too, else at the beginning. */
  async #start(handle: FileHandle, digest: boolean): Promise<{ offset: number; hash: Hash | undefined }> {
    const { offset, prefix } = this.#want;
    const { size } = this.#source.entry;
    if (offset > 0 && prefix !== null && size !== null && offset <= size) {
      const hash = await hashPrefix(handle, offset);
      if (hash.copy().digest("hex") === prefix) return { offset, hash: digest ? hash : undefined };
    }
    return { offset: 0, hash: digest ? createHash("sha256") : undefined };
  }

  /** Reads the next block while this one is hashed and sent. @returns where the file ended */
  async #sendBlocks(handle: FileHandle, offset: number, hash: Hash | undefined): Promise<number> {
    const read = (at: number) => {
      const reading = handle.read(this.#ring.next(), 0, BLOCK_BYTES, at);
      reading.catch(() => {}); // told to whoever awaits it; after an error in between nobody does
      return reading;
    };
    let at = offset;
    let reading = read(at);
    while (!this.#isStopped) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) break;
      at += bytesRead;
      reading = read(at);
      await this.#sendBytes(BlockRing.filled(buffer, bytesRead), hash);
    }
    await reading;
    return at;
  }

  async #runStream({ stream }: Source & { kind: "stream" }, digest: boolean): Promise<void> {
    const hash = digest ? createHash("sha256") : undefined;
    await this.#begin(0);
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) {
        throw new TransferError("Cannot send a stream: it gives text, not bytes", "refused");
      }
      await this.#sendBytes(chunk, hash);
      if (this.#isStopped) break;
    }
    await this.#end(this.sentBytes, hash);
  }

  async #begin(offset: number): Promise<void> {
    const { name, size } = this.#source.entry;
    this.#options.events?.onFile?.(name, size ?? undefined, offset);
    await this.#session.send({ kind: "begin", index: this.index, offset });
  }

  async #sendBytes(bytes: Uint8Array, hash: Hash | undefined): Promise<void> {
    const { limit, signal, events } = this.#options;
    if (limit !== undefined) await limit.take(bytes.length, signal);
    this.#session.write({ kind: "data", bytes });
    this.#session.connection.flush(); // it travels while it is hashed
    hash?.update(bytes);
    this.sentBytes += bytes.length;
    events?.onBytes?.(bytes.length);
    await this.#session.drained();
  }

  async #end(size: number, hash: Hash | undefined): Promise<void> {
    if (this.#isStopped) {
      const { name } = this.#source.entry;
      throw new TransferError(`Cannot send ${quoteName(name)}: the receiver does not want the rest`, "refused");
    }
    this.#options.events?.onVerify?.(this.#source.entry.name);
    await this.#session.send({ kind: "end", index: this.index, size, digest: hash?.digest("hex") ?? null });
  }
}

function changed(name: string, why: string): TransferError {
  return new TransferError(`Cannot send ${quoteName(name)}: ${why}`, "changed");
}

import type { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { viewOf } from "../base/bytes.ts";
import { giveBlock, takeBlock } from "./blocks.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { isErrno, TransferError } from "./errors.ts";
import { partialName, quoteName } from "./wire/file_name.ts";
import type { Existing } from "./wire/message.ts";

/** Blocks on their way to the disk; beyond it the network waits. */
const MAX_WRITES = 2;
/** Received in place at once, at most: what is in the processor's cache is hashed faster. */
const MOST_ROOM_BYTES = 256 * 1024;
/** Less room than that is not worth a system call of its own. */
const LEAST_ROOM_BYTES = 64 * 1024;

/**
 * A file that is being received: `.NAME.part` beside its target, until it is complete, checked and safe on the disk.
 *
 *     open ──keepPrefix / startOver──> writing ──finish──> named
 *                                         └──close──> left for the next attempt
 *
 * Owns: the file handle and the folder it was given, until `finish` or `close`. Nobody else in this process can open the
 * same partial file meanwhile.
 */
export class PartialFile {
  /** Bytes that an earlier attempt left. */
  readonly foundBytes: number;
  readonly #folder: ConfinedFolder;
  readonly #name: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  readonly #lock: string;
  #hash: Hash | undefined;
  #size = 0;
  #block: Buffer | undefined; // being filled
  #filled = 0;
  #isLent = false; // somebody may still be receiving into the block
  #writes: Promise<void> = Promise.resolve();
  #writing = 0;
  #failed: unknown;
  #isClosed = false;

  private constructor(
    folder: ConfinedFolder,
    name: string,
    partial: string,
    handle: FileHandle,
    found: number,
    lock: string,
  ) {
    this.#folder = folder;
    this.#name = name;
    this.#partial = partial;
    this.#handle = handle;
    this.foundBytes = found;
    this.#lock = lock;
  }

  /** Takes over `folder`, also where it throws. @throws {TransferError} code `busy` if the file is open already */
  static async open(folder: ConfinedFolder, name: string): Promise<PartialFile> {
    try {
      return await PartialFile.#open(folder, name);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  static async #open(folder: ConfinedFolder, name: string): Promise<PartialFile> {
    const partial = partialName(name, (text) => createHash("sha256").update(text).digest("hex").slice(0, 32));
    const handle = await folder.file(partial, constants.O_RDWR | constants.O_CREAT, 0o600);
    const stat = await handle.stat({ bigint: true });
    const lock = `${stat.dev}:${stat.ino}`;
    if (open.has(lock) || !stat.isFile()) {
      await handle.close();
      const [code, why] = stat.isFile()
        ? ["busy", "it is being received already"] as const
        : ["name", `${quoteName(partial)} is in the way`] as const;
      throw new TransferError(`Cannot store ${quoteName(name)}: ${why}`, code);
    }
    open.add(lock);
    return new PartialFile(folder, name, partial, handle, Number(stat.size), lock);
  }

  /** Bytes so far, the prefix included. */
  get size(): number {
    return this.#size + this.#filled;
  }

  /** Reads the first `bytes` bytes and returns their SHA-256; what is written next follows them. */
  async keepPrefix(bytes: number, options: { digest: boolean }): Promise<string> {
    const hash = await hashPrefix(this.#handle, bytes);
    const prefix = hash.copy().digest("hex");
    this.#hash = options.digest ? hash : undefined;
    this.#size = bytes;
    await this.#handle.truncate(bytes);
    return prefix;
  }

  async startOver(options: { digest: boolean }): Promise<void> {
    this.#hash = options.digest ? createHash("sha256") : undefined;
    this.#size = 0;
    await this.#handle.truncate(0);
  }

  /**
   * Memory in which the next bytes belong, at most so many: received there they need no copy. Undefined where there is little,
   * and after an error.
   */
  room(atMost: number): Uint8Array | undefined {
    if (this.#failed !== undefined || this.#isClosed) return undefined;
    const block = this.#block ??= takeBlock();
    const size = Math.min(atMost, block.length - this.#filled, MOST_ROOM_BYTES);
    if (size < LEAST_ROOM_BYTES) return undefined;
    this.#isLent = true;
    return block.subarray(this.#filled, this.#filled + size);
  }

  /** Takes a chunk, which may change afterwards. A promise it returns asks for patience. @throws what the disk said */
  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    this.#hash?.update(bytes);
    if (this.#isInPlace(bytes)) {
      this.#filled += bytes.length;
      if (this.#filled === this.#block?.length) this.#flush();
      return this.patience;
    }
    const source = viewOf(bytes);
    for (let at = 0; at < source.length;) {
      this.#block ??= takeBlock();
      const count = source.copy(this.#block, this.#filled, at);
      at += count;
      this.#filled += count;
      if (this.#filled === this.#block.length) this.#flush();
    }
    return this.patience;
  }

  #isInPlace(bytes: Uint8Array): boolean {
    const block = this.#block;
    return block !== undefined && bytes.buffer === block.buffer && bytes.byteOffset === block.byteOffset + this.#filled;
  }

  /** A promise while more is on its way to the disk than should be; `undefined` otherwise. */
  get patience(): Promise<void> | undefined {
    return this.#writing > MAX_WRITES ? this.#writes : undefined;
  }

  /** Everything written is with the system, and the digest of the whole is known. */
  async complete(): Promise<string | null> {
    this.#flush();
    await this.#writes;
    if (this.#failed !== undefined) throw this.#failed;
    return this.#hash?.digest("hex") ?? null;
  }

  /**
   * Makes the bytes safe on the disk and gives the file its final name and mode.
   *
   * @returns the name it got: another than its own with `rename`
   * @throws EEXIST with `refuse` and `skip`, if the name was taken meanwhile
   */
  async finish(mode: number, existing: Existing): Promise<string> {
    await this.#handle.chmod(mode & 0o777);
    await this.#handle.sync();
    const name = await this.#giveName(existing);
    await this.#folder.sync();
    await this.close();
    return name;
  }

  /** Leaves what is there for the next attempt; nothing at all is not worth leaving. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flush();
    await this.#writes;
    const isNamed = (await this.#folder.kindOf(this.#partial)) === undefined;
    if (!isNamed && this.#size === 0) await this.#folder.remove(this.#partial).catch(() => {}); // only tidiness
    open.delete(this.#lock);
    await this.#handle.close();
    await this.#folder.close();
  }

  /** Throws away what is there: it is not what the sender meant. */
  async discard(): Promise<void> {
    this.#filled = 0;
    this.#size = 0;
    await this.close();
  }

  async #giveName(existing: Existing): Promise<string> {
    if (existing === "overwrite") {
      await this.#folder.replace(this.#partial, this.#name);
      return this.#name;
    }
    for (let attempt = 0;; attempt++) {
      const name = attempt === 0 ? this.#name : numbered(this.#name, attempt);
      try {
        await this.#folder.claim(this.#partial, name);
        return name;
      } catch (error) {
        if (existing !== "rename" || !isErrno(error, "EEXIST") || attempt >= 10_000) throw error;
      }
    }
  }

  #flush(): void {
    const [block, count, position] = [this.#block, this.#filled, this.#size];
    if (block === undefined || count === 0) return;
    // What was lent and is full was received. What is not may be written to until its connection has ended: nobody else gets it.
    const isOurs = !this.#isLent || count === block.length;
    this.#isLent = false;
    this.#block = undefined;
    this.#filled = 0;
    this.#size += count;
    this.#writing++;
    this.#writes = this.#writes.then(() => this.#writeBlock(block.subarray(0, count), position)).then(() => {
      this.#writing--;
      if (isOurs) giveBlock(block);
    });
  }

  /** Never rejects: what the disk said is thrown at the next `write`, or by `complete`. */
  async #writeBlock(bytes: Buffer, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length && this.#failed === undefined;) {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    } catch (error) {
      this.#failed ??= error;
    }
  }
}

/** Partial files open in this process, by device and inode. */
const open = new Set<string>();

/** `a.txt` becomes `a (1).txt`. */
function numbered(name: string, count: number): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)} (${count})${name.slice(dot)}` : `${name} (${count})`;
}

/**
 * SHA-256 state over the first `bytes` bytes of a file.
 * @throws {TransferError} code `changed` if the file is shorter
 */
export async function hashPrefix(handle: FileHandle, bytes: number): Promise<Hash> {
  const hash = createHash("sha256");
  const block = takeBlock();
  try {
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await handle.read(block, 0, Math.min(block.length, bytes - at), at);
      if (bytesRead === 0) {
        throw new TransferError(`Cannot read the first ${bytes} bytes: the file has ${at}`, "changed");
      }
      hash.update(block.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash;
  } finally {
    giveBlock(block);
  }
}

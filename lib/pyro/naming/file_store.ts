import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { asError, UsageError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { DEFAULT_MAX_NAMES, MemoryStore, type NameEntry, type NameStore } from "./name_store.ts";
import { decodeRecords, encodeRecord, type StoreRecord } from "./store_record.ts";

export interface FileStoreOptions {
  /** Default 1,000,000. */
  readonly maxNames?: number;
  readonly log?: Logger;
}

/** Records without a purpose that a file may hold before it is written anew: as many as there are names, and these. */
const SPARE_RECORDS = 1000;

/**
 * Names in a file that only grows, until it is written anew without what is out of date.
 *
 * A change is in the file when the method returns, so a killed process (kill -9 too) loses nothing; a machine that loses
 * its power may lose the last seconds. A record that was torn is cut off when the file is opened; damaged ones before it
 * are left out, with a warning, and the file is kept aside as `<path>.damaged`.
 *
 * Opens: the file, and `<path>.lock`, which says who uses it. `close` gives both up.
 */
export class FileStore implements NameStore {
  readonly #path: string;
  readonly #names: MemoryStore;
  #file: number;
  #bytes: number;
  #records: number;

  /** @throws {UsageError} if another process uses the file; what the file system throws */
  constructor(path: string, options: FileStoreOptions = {}) {
    const { maxNames = DEFAULT_MAX_NAMES, log = silentLogger } = options;
    this.#path = path;
    this.#names = new MemoryStore(maxNames);
    lock(path);
    try {
      const bytes = fs.existsSync(path) ? fs.readFileSync(path) : Buffer.alloc(0);
      const { records, goodBytes, damagedLines } = decodeRecords(bytes);
      if (damagedLines > 0) {
        log.warn("Damaged records were left out", { path, damagedLines });
        fs.copyFileSync(path, `${path}.damaged`);
      }
      for (const record of records) this.#apply(record);
      this.#file = fs.openSync(path, "a", 0o600);
      fs.ftruncateSync(this.#file, goodBytes);
      this.#bytes = goodBytes;
      this.#records = records.length;
      this.#tidy();
    } catch (error) {
      unlock(path);
      throw error;
    }
  }

  get size(): number {
    return this.#names.size;
  }

  get(name: string): NameEntry | undefined {
    return this.#names.get(name);
  }

  set(name: string, entry: NameEntry): void {
    this.#names.checkRoomFor(name);
    this.#append({ name, entry });
  }

  delete(name: string): void {
    if (this.#names.get(name) !== undefined) this.#append({ name, entry: undefined });
  }

  entries(): IterableIterator<[string, NameEntry]> {
    return this.#names.entries();
  }

  close(): void {
    if (this.#file === -1) return;
    fs.closeSync(this.#file);
    this.#file = -1;
    unlock(this.#path);
  }

  #append(record: StoreRecord): void {
    const bytes = encodeRecord(record);
    try {
      for (let from = 0; from < bytes.length;) from += fs.writeSync(this.#file, bytes, from);
    } catch (error) {
      fs.ftruncateSync(this.#file, this.#bytes); // half a record must not stand before the next
      throw error;
    }
    this.#bytes += bytes.length;
    this.#records++;
    this.#apply(record);
    this.#tidy();
  }

  #apply({ name, entry }: StoreRecord): void {
    if (entry === undefined) this.#names.delete(name);
    else this.#names.set(name, entry);
  }

  /** Writes the file anew once most of it is out of date. */
  #tidy(): void {
    if (this.#records <= 2 * this.#names.size + SPARE_RECORDS) return;
    const fresh = `${this.#path}.new`;
    const bytes = Buffer.concat(Array.from(this.#names.entries(), ([name, entry]) => encodeRecord({ name, entry })));
    const file = fs.openSync(fresh, "w", 0o600);
    fs.writeFileSync(file, bytes);
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(fresh, this.#path);
    fs.closeSync(this.#file);
    this.#file = fs.openSync(this.#path, "a");
    this.#bytes = bytes.length;
    this.#records = this.#names.size;
  }
}

function lockOf(path: string): string {
  return `${resolve(path)}.lock`;
}

/** Lock files of this process: one that names this process and is not among them was left by an earlier one with its number. */
const ownLocks = new Set<string>();

/** Notes in the lock file that this process uses `path`. A lock whose process is gone counts for nothing. */
function lock(path: string): void {
  const file = lockOf(path);
  try {
    fs.writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
    ownLocks.add(file);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    const holder = Number(fs.readFileSync(file, "utf8"));
    if (holder === process.pid ? ownLocks.has(file) : isRunning(holder)) {
      throw new UsageError(`Cannot open the name store ${path}: process ${holder} uses it (${file})`, { cause: error });
    }
    fs.rmSync(file, { force: true });
    lock(path);
  }
}

function unlock(path: string): void {
  ownLocks.delete(lockOf(path));
  fs.rmSync(lockOf(path), { force: true });
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(asError(error), "EPERM"); // it runs, as another user
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

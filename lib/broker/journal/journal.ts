import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import { asError, UsageError } from "../../base/errors.ts";
import type { Buffer } from "node:buffer";
import type { Logger } from "../../base/log.ts";
import type { ChangeLog } from "./change_log.ts";
import type { Effect } from "../store/store.ts";
import { encodeWords, RecordWriter } from "../wire/record.ts";
import type { AppendFile, JournalFiles } from "./files.ts";
import { journalName } from "./names.ts";

/** How durable a change is before its command is answered; each with its loss window for the banner. */
export const DURABILITY = {
  memory: "nothing is written: everything is lost when the broker ends",
  everysec: "survives the broker's end at once, a power cut but for the last second",
  always: "survives a power cut: on the disk before it is confirmed",
} as const;
export type Durability = keyof typeof DURABILITY;

export interface JournalOptions {
  readonly files: JournalFiles;
  readonly durability: Exclude<Durability, "memory">;
  readonly clock?: Clock;
  readonly log: Logger;
  /** More than before is durable now. */
  readonly onDurable: () => void;
  /** What was appended and is not durable may never be: its clients must be told. */
  readonly onFailure: () => void;
}

/** Where the journal goes on. */
export interface JournalEnd {
  readonly generation: number;
  readonly file: AppendFile;
  readonly size: number;
}

const SYNC_EVERY_MS = 1000;
const RETRY_EVERY_MS = 1000;

/** Records that leave in one write. */
interface Batch {
  readonly bytes: Buffer;
  /** Count of the last record in it. */
  readonly upTo: number;
}

/** Stands in until there is a file. */
const NO_FILE: AppendFile = Object.freeze({
  writeSync: refuseUnopened,
  write: () => Promise.reject(unopened()),
  sync: () => Promise.resolve(),
  truncate: refuseUnopened,
  close: () => Promise.resolve(),
});

function refuseUnopened(): never {
  throw unopened();
}

function unopened(): UsageError {
  return new UsageError("Cannot write to the journal: it has not been opened", { code: "ERR_STATE" });
}

/**
 * The journal being written: one file, to which every step's effects are appended as one record.
 *
 * `append` collects, `flush` writes what one tick collected in one go (group commit), `durable` says how far the promise of the
 * mode is kept. Under `everysec` written is durable, and the disk follows within a second; under `always` the disk comes first.
 *
 *     open ──write fails──> stalled ──retry succeeds──> open
 *      └──sync fails──> failed        └──sync fails──> failed
 *
 * Stalled (a full disk, mostly), what is not written waits in memory, and further writes are refused until it could be. After a
 * failed sync nobody knows what is on the disk, and asking again would only hide it: the journal stays failed.
 *
 * Opens: the files it rotates to. Owns: those and the file it goes on with; `close` writes, syncs and closes.
 */
export class Journal implements ChangeLog {
  readonly #files: JournalFiles;
  readonly #syncsFirst: boolean;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onDurable: () => void;
  readonly #onFailure: () => void;
  readonly #writer = new RecordWriter();
  #generation = 0;
  #file: AppendFile = NO_FILE;
  #size = 0;
  #appended = 0;
  #durable = 0;
  #state: "open" | "stalled" | "failed" = "open";
  #reason: Error | undefined;
  #stalled: Batch | undefined; // what could not be written
  #busy: Promise<void> | undefined; // one write or rotation at a time
  #syncing: Promise<void> | undefined; // in the background, under `everysec`
  #isDirty = false; // written and not synced
  #syncTimer: Timer | undefined;
  #retryTimer: Timer | undefined;

  constructor(options: JournalOptions) {
    this.#files = options.files;
    this.#syncsFirst = options.durability === "always";
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#onDurable = options.onDurable;
    this.#onFailure = options.onFailure;
  }

  /** Goes on where recovery ended. Before this call nothing may be appended. */
  open({ generation, file, size }: JournalEnd): void {
    this.#generation = generation;
    this.#file = file;
    this.#size = size;
  }

  /** Records appended so far. */
  get appended(): number {
    return this.#appended;
  }

  /** Records that are as durable as the mode promises. */
  get durable(): number {
    return this.#durable;
  }

  /** Bytes of the current file. */
  get size(): number {
    return this.#size;
  }

  get generation(): number {
    return this.#generation;
  }

  /** True if nobody has to wait for this record any more: it is durable, or it failed. */
  isSettled(record: number): boolean {
    return record <= this.#durable || this.#state !== "open";
  }

  get refusal(): string | undefined {
    if (this.#state === "open") return undefined;
    const until = this.#state === "stalled" ? "writes are refused until it can be" : "the broker has to be restarted";
    return `MISCONF the journal cannot be written (${this.#reason?.message}): ${until}`;
  }

  append(effects: readonly Effect[]): void {
    let database = 0;
    let payload = "";
    for (const effect of effects) {
      if (effect.database !== database) payload += encodeWords(["SELECT", String(effect.database)]);
      database = effect.database;
      payload += encodeWords(effect.words);
    }
    this.#writer.add(payload);
    this.#appended++;
  }

  /** Begins to write what was appended; call it once a tick. `durable` may have risen when it returns, or will with `onDurable`. */
  flush(): void {
    if (this.#writer.length === 0 || this.#state !== "open" || this.#busy !== undefined) return;
    const batch = this.#takeBatch();
    if (this.#syncsFirst) this.#occupy(() => this.#writeAndSync(batch));
    // While the disk syncs, a write may have to wait as long: then it does so on another thread.
    else if (this.#syncing !== undefined) this.#occupy(() => this.#write(batch));
    else this.#writeNow(batch);
  }

  /**
   * Goes on in the next file. What was appended before is in the old one and on the disk when this resolves.
   * @param atBoundary called at the moment that lies between the two files
   * @throws if that was not possible: then the old file goes on, or the journal has failed
   */
  async rotate(atBoundary: () => void): Promise<void> {
    const generation = this.#generation + 1;
    const file = await this.#files.create(journalName(generation));
    await this.#files.syncFolder();
    await this.#settled();
    if (this.#writer.length > 0 && this.#state === "open") this.#writeNow(this.#takeBatch());
    if (this.#state !== "open") {
      await file.close();
      await this.#files.remove(journalName(generation));
      throw this.#reason;
    }
    const old = this.#file;
    const sealed = this.#appended;
    this.#file = file;
    this.#generation = generation;
    this.#size = 0;
    this.#isDirty = false;
    atBoundary();
    this.#occupy(async () => {
      await this.#sync(old);
      if (this.#state === "open") this.#confirm(sealed);
      await old.close();
    });
    await this.#settled();
    if (this.#reason !== undefined) throw this.#reason;
  }

  /** Writes and syncs what is left, and closes the file. @throws if that fails */
  async close(): Promise<void> {
    await this.#settled();
    this.#syncTimer?.cancel();
    this.#retryTimer?.cancel();
    try {
      if (this.#state === "failed") return;
      if (this.#stalled !== undefined) this.#file.writeSync(this.#stalled.bytes);
      if (this.#writer.length > 0) this.#file.writeSync(this.#writer.take());
      await this.#file.sync();
      this.#confirm(this.#appended);
    } finally {
      await this.#file.close();
    }
  }

  #takeBatch(): Batch {
    return { bytes: this.#writer.take(), upTo: this.#appended };
  }

  #occupy(work: () => Promise<void>): void {
    this.#busy = work().finally(() => {
      this.#busy = undefined;
      this.flush();
    });
  }

  /** Resolves when nothing is being written or synced. */
  async #settled(): Promise<void> {
    while (this.#busy !== undefined || this.#syncing !== undefined) await (this.#busy ?? this.#syncing);
  }

  /** Writes within the event loop: some microseconds, as the system only takes a copy. */
  #writeNow(batch: Batch): void {
    try {
      this.#file.writeSync(batch.bytes);
    } catch (error) {
      return this.#stall(batch, asError(error));
    }
    this.#written(batch);
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#file.write(batch.bytes);
    } catch (error) {
      return this.#stall(batch, asError(error));
    }
    this.#written(batch);
  }

  async #writeAndSync(batch: Batch): Promise<void> {
    await this.#write(batch);
    if (this.#state === "open") await this.#sync(this.#file);
    if (this.#state === "open") this.#confirm(batch.upTo);
  }

  #written({ bytes, upTo }: Batch): void {
    this.#size += bytes.length;
    this.#writer.recycle(bytes);
    if (this.#syncsFirst) return;
    this.#confirm(upTo);
    this.#isDirty = true;
    this.#syncTimer ??= this.#clock.after(SYNC_EVERY_MS, () => this.#syncInBackground());
  }

  #syncInBackground(): void {
    this.#syncTimer = undefined;
    if (!this.#isDirty || this.#state === "failed") return;
    this.#isDirty = false;
    this.#syncing = this.#sync(this.#file).finally(() => {
      this.#syncing = undefined;
    });
  }

  async #sync(file: AppendFile): Promise<void> {
    try {
      await file.sync();
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #confirm(upTo: number): void {
    this.#durable = upTo;
    this.#onDurable();
  }

  /** Takes back what may have been written in part, keeps the batch, and tries again until it could be written. */
  #stall(batch: Batch, reason: Error): void {
    try {
      this.#file.truncate(this.#size);
    } catch (error) {
      return this.#fail(asError(error));
    }
    if (this.#state === "open") {
      this.#log.error("Journal cannot be written, writes are refused until it can be", { error: reason });
    }
    this.#state = "stalled";
    this.#reason = reason;
    this.#stalled = batch;
    this.#retryTimer = this.#clock.after(RETRY_EVERY_MS, () => this.#retry(batch));
    this.#onFailure();
  }

  #retry(batch: Batch): void {
    if (this.#state !== "stalled") return;
    try {
      this.#file.writeSync(batch.bytes);
    } catch (error) {
      return this.#stall(batch, asError(error));
    }
    this.#state = "open";
    this.#reason = undefined;
    this.#stalled = undefined;
    this.#log.info("Journal can be written again");
    this.#written(batch);
    if (this.#syncsFirst) {
      this.#occupy(async () => {
        await this.#sync(this.#file);
        if (this.#state === "open") this.#confirm(batch.upTo);
      });
    } else this.flush();
  }

  #fail(reason: Error): void {
    if (this.#state === "failed") return;
    this.#state = "failed";
    this.#reason = reason;
    this.#log.error("Journal has failed, no further writes are accepted", { error: reason });
    this.#onFailure();
  }
}

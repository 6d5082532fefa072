import type { AppendFile, JournalFiles } from "../../lib/broker/journal/files.ts";

interface Inode {
  bytes: Buffer;
  /** How much of it a power cut would leave. */
  synced: number;
}

/** A disk in memory that fills up, fails, loses power, or stops at a given operation, as the test wants it. */
export class FakeDisk implements JournalFiles {
  /** Bytes that fit; beyond them writes fail as on a full disk, with part of them written. */
  capacity = Infinity;
  writeError: Error | undefined;
  syncError: Error | undefined;
  /** Operations left before everything stops, as with `kill -9`; what was done stays. */
  operationsLeft = Infinity;
  /** Operations done so far. */
  operations = 0;
  /** True: whatever need not be done at once takes a turn of the event loop, so that other things happen meanwhile. */
  isSlow = false;
  /** Syncs wait until this settles. */
  syncGate: Promise<void> = Promise.resolve();
  readonly #names: Map<string, Inode>;
  #syncedNames: Map<string, Inode>;

  constructor(names: Map<string, Inode> = new Map()) {
    this.#names = names;
    this.#syncedNames = new Map(names);
  }

  /** The disk as it is after the power went: only what was synced, and of the rest as much as `keepUnsynced` says. */
  afterPowerCut(keepUnsynced: (bytes: number) => number = () => 0): FakeDisk {
    return new FakeDisk(
      new Map([...this.#syncedNames].map(([name, { bytes, synced }]) => {
        const kept = synced + keepUnsynced(bytes.length - synced);
        return [name, { bytes: Buffer.from(bytes.subarray(0, kept)), synced: kept }];
      })),
    );
  }

  /** The disk as another process finds it after this one was killed: the system keeps what it was given. */
  afterKill(): FakeDisk {
    return new FakeDisk(
      new Map([...this.#names].map(([name, { bytes }]) => [name, { bytes: Buffer.from(bytes), synced: bytes.length }])),
    );
  }

  content(name: string): Buffer {
    return this.#inode(name).bytes;
  }

  /** Changes a file behind everybody's back. */
  damage(name: string, change: (bytes: Buffer) => Buffer): void {
    const inode = this.#inode(name);
    inode.bytes = change(Buffer.from(inode.bytes));
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#names.keys()]);
  }

  create(name: string): Promise<AppendFile> {
    return this.#async(() => {
      const inode: Inode = { bytes: Buffer.alloc(0), synced: 0 };
      this.#names.set(name, inode);
      return this.#open(inode);
    });
  }

  append(name: string): Promise<{ file: AppendFile; size: number }> {
    return this.#async(() => {
      const inode = this.#names.get(name) ?? { bytes: Buffer.alloc(0), synced: 0 };
      this.#names.set(name, inode);
      return { file: this.#open(inode), size: inode.bytes.length };
    });
  }

  async *read(name: string): AsyncGenerator<Buffer> {
    const { bytes } = this.#inode(name);
    for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#async(() => {
      this.#names.set(to, this.#inode(from));
      this.#names.delete(from);
    });
  }

  remove(name: string): Promise<void> {
    return this.#async(() => void this.#names.delete(name));
  }

  syncFolder(): Promise<void> {
    return this.#async(() => void (this.#syncedNames = new Map(this.#names)));
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: "ENOENT" });
    return inode;
  }

  #count(): void {
    this.operations++;
    if (this.operations > this.operationsLeft) throw new Error("the process was killed");
  }

  #async<T>(run: () => T): Promise<T> {
    return this.#turn().then(() => {
      this.#count();
      return run();
    });
  }

  #turn(): Promise<void> {
    return this.isSlow ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve();
  }

  #write(inode: Inode, bytes: Uint8Array): void {
    this.#count();
    const used = [...this.#names.values()].reduce((sum, each) => sum + each.bytes.length, 0);
    const fits = this.writeError === undefined ? bytes.length : Math.floor(bytes.length / 2);
    const room = Math.min(fits, Math.max(0, this.capacity - used));
    inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(0, room)]);
    if (room === bytes.length) return;
    throw this.writeError ?? Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  }

  #open(inode: Inode): AppendFile {
    return {
      writeSync: (bytes) => this.#write(inode, bytes),
      write: (bytes) => this.#turn().then(() => this.#write(inode, bytes)),
      sync: async () => {
        const size = inode.bytes.length;
        await this.syncGate;
        this.#count();
        if (this.syncError !== undefined) throw this.syncError;
        inode.synced = Math.max(inode.synced, size);
      },
      truncate: (size) => {
        this.#count();
        inode.bytes = inode.bytes.subarray(0, size);
        inode.synced = Math.min(inode.synced, size);
      },
      close: () => Promise.resolve(),
    };
  }
}

/**
 * The files of a journal: everything the broker does to the disk, so that a test can put a disk of its own in its place,
 * one that is full, that fails, or that loses power.
 * @module
 */
import * as fs from "node:fs";
import * as fsp from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Buffer } from "node:buffer";

/** A file that grows at its end. */
export interface AppendFile {
  /** Writes all of it before it returns: to the system, not to the disk. @throws what the system says, and part may be written */
  writeSync(bytes: Uint8Array): void;
  /** The same without blocking the event loop. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was written is on the disk. */
  sync(): Promise<void>;
  /** Cuts the file off. */
  truncate(size: number): void;
  close(): Promise<void>;
}

/** One folder. */
export interface JournalFiles {
  list(): Promise<string[]>;
  /** Creates the file, or empties it. */
  create(name: string): Promise<AppendFile>;
  /** Opens an existing file to go on at its end. */
  append(name: string): Promise<{ file: AppendFile; size: number }>;
  read(name: string): AsyncIterable<Buffer>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Resolves when names made, changed and removed before are on the disk. */
  syncFolder(): Promise<void>;
}

const READ_BYTES = 1024 * 1024;
const openDescriptor = promisify(fs.open);
const closeDescriptor = promisify(fs.close);
const datasync = promisify(fs.fdatasync);
const writeSome = promisify(fs.write) as (
  fd: number,
  bytes: Uint8Array,
  offset: number,
) => Promise<{ bytesWritten: number }>;

/** The files of a real folder. */
export function folderFiles(folder: string): JournalFiles {
  const path = (name: string) => join(folder, name);
  return {
    list: () => fsp.readdir(folder),
    create: async (name) => openFile(await openDescriptor(path(name), "w", 0o600)),
    append: async (name) => {
      const fd = await openDescriptor(path(name), "a", 0o600);
      return { file: openFile(fd), size: fs.fstatSync(fd).size };
    },
    read: (name) => fs.createReadStream(path(name), { highWaterMark: READ_BYTES }),
    rename: (from, to) => fsp.rename(path(from), path(to)),
    remove: (name) => fsp.rm(path(name), { force: true }),
    syncFolder: async () => {
      const handle = await fsp.open(folder, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

function openFile(fd: number): AppendFile {
  return {
    writeSync(bytes) {
      for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += (await writeSome(fd, bytes, at)).bytesWritten;
    },
    sync: () => datasync(fd),
    truncate: (size) => fs.ftruncateSync(fd, size),
    close: () => closeDescriptor(fd),
  };
}

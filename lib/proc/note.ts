import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";

const NOTE_BYTES = 4;

/**
 * A number that a child leaves for its parent in a file: readable at any moment, also when the child is stuck or dead, and
 * written without waking anybody. What is written is seen by the parent at once, as both read the same page of memory.
 */
export class Note {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes = Buffer.alloc(NOTE_BYTES);
  #isOpen = true;

  private constructor(path: string, flags: "w+" | "r+") {
    this.#path = path;
    this.#file = openSync(path, flags, 0o600);
  }

  /** The parent's side: makes the file. */
  static create(path: string): Note {
    return new Note(path, "w+");
  }

  /** The child's side. */
  static open(path: string): Note {
    return new Note(path, "r+");
  }

  /** @param value a whole number from 0 to 2^32 - 1 */
  write(value: number): void {
    this.#bytes.writeUInt32BE(value, 0);
    writeSync(this.#file, this.#bytes, 0, NOTE_BYTES, 0);
  }

  /** The last number written; 0 before the first. */
  read(): number {
    const read = this.#isOpen ? readSync(this.#file, this.#bytes, 0, NOTE_BYTES, 0) : 0;
    return read === NOTE_BYTES ? this.#bytes.readUInt32BE(0) : 0;
  }

  /** Removes the file. */
  remove(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}

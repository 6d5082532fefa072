import { closeSync, openSync, readSync, writeFileSync } from "node:fs";

/** A file into which tasks write a line each time that they begin, `id milliseconds`, read as it grows. */
export class RunNotes {
  readonly path: string;
  /** When each task began, as often as it did. */
  readonly #runs = new Map<string, number[]>();
  readonly #chunk = Buffer.alloc(65_536);
  #at = 0;
  #partial = "";

  constructor(path: string) {
    this.path = path;
    writeFileSync(path, "");
  }

  /** Reads what is new. */
  read(): ReadonlyMap<string, readonly number[]> {
    const file = openSync(this.path, "r");
    try {
      for (
        let length;
        (length = readSync(file, this.#chunk, 0, this.#chunk.length, this.#at)) > 0;
        this.#at += length
      ) {
        const lines = (this.#partial + this.#chunk.toString("latin1", 0, length)).split("\n");
        this.#partial = lines.pop() ?? "";
        for (const line of lines) this.#take(line);
      }
    } finally {
      closeSync(file);
    }
    return this.#runs;
  }

  #take(line: string): void {
    const [id = "", at] = line.split(" ");
    const before = this.#runs.get(id);
    if (before === undefined) this.#runs.set(id, [Number(at)]);
    else before.push(Number(at));
  }
}

import process from "node:process";
import type { ReadStream, WriteStream } from "node:tty";
import { type Key, KeyReader } from "./keys.ts";
import { ansi, type Row, type Size } from "./row.ts";

/** The other screen of the terminal, without cursor, without line breaks of its own. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const CLEAR = "\x1b[2J";

/** An ESC that stands alone for so long is the key. */
const ESCAPE_MS = 50;

/** They end the process, by default at once and with the screen as it is. */
const ENDING = ["SIGHUP", "SIGQUIT"] as const;

export interface FullScreenOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly color: boolean;
  readonly onKey: (key: Key) => void;
  /** All has to be drawn again: the size has changed, or the terminal was somebody else's for a while. */
  readonly onResize: () => void;
  /** There is nobody to look any more. */
  readonly onGone: () => void;
}

/**
 * The whole of a terminal: key by key, row by row. Whichever way the process ends, short of SIGKILL, the terminal is then as it was.
 *
 * Takes: raw mode of the input, the alternate screen of the output, and listeners for signals. `close` gives all of it back.
 */
export class FullScreen {
  readonly #options: FullScreenOptions;
  readonly #keys = new KeyReader();
  #isOpen = false;
  #escape: ReturnType<typeof setTimeout> | undefined;
  /** What stands in each row now. */
  #drawn: string[] = [];

  constructor(options: FullScreenOptions) {
    this.#options = options;
    const { input, output } = options;
    this.#enter();
    input.setEncoding("utf8").on("data", this.#onData).once("end", options.onGone).resume();
    output.on("resize", this.#onResize).on("drain", this.#onDrain);
    process.on("exit", this.#leave).on("uncaughtExceptionMonitor", this.#leave).on("SIGCONT", this.#onContinue);
    for (const name of ENDING) process.on(name, this.#onEnding);
  }

  get size(): Size {
    const { columns, rows } = this.#options.output;
    return { columns, rows };
  }

  /** Rows from the top; those that have not changed are not written. Skipped while the terminal is behind: draw again on `onResize`. */
  draw(rows: readonly Row[]): void {
    const { output, color } = this.#options;
    if (!this.#isOpen || output.writableNeedDrain) return;
    const { columns, rows: height } = this.size;
    const texts = Array.from({ length: height }, (_, at) => ansi(rows[at] ?? [], columns, color));
    const changes = texts.map((text, at) => text === this.#drawn[at] ? "" : `\x1b[${at + 1};1H${text}`).join("");
    this.#drawn = texts;
    if (changes !== "") output.write(changes);
  }

  /** Draws everything again: somebody else may have written across it. */
  refresh(): void {
    if (!this.#isOpen) return;
    this.#drawn = [];
    this.#options.output.write(CLEAR);
    this.#options.onResize();
  }

  beep(): void {
    this.#options.output.write("\x07");
  }

  /** Stops as Ctrl-Z does, with everything started along with this process; goes on where the shell says so. */
  suspend(): void {
    this.#leave();
    process.kill(0, "SIGTSTP");
  }

  /** Idempotent. */
  close(): void {
    const { input, output } = this.#options;
    this.#leave();
    clearTimeout(this.#escape);
    input.off("data", this.#onData).off("end", this.#options.onGone).pause();
    output.off("resize", this.#onResize).off("drain", this.#onDrain);
    process.off("exit", this.#leave).off("uncaughtExceptionMonitor", this.#leave).off("SIGCONT", this.#onContinue);
    for (const name of ENDING) process.off(name, this.#onEnding);
  }

  #enter(): void {
    const { input, output } = this.#options;
    this.#isOpen = true;
    this.#drawn = [];
    input.setRawMode(true);
    output.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output } = this.#options;
    output.write(LEAVE);
    if (!input.destroyed) input.setRawMode(false);
  };

  readonly #onEnding = (name: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, name); // as if nobody had listened
  };

  readonly #onContinue = (): void => {
    this.#enter();
    this.#options.onResize();
  };

  readonly #onResize = (): void => this.refresh();
  readonly #onDrain = (): void => this.#options.onResize();

  readonly #onData = (text: string): void => {
    clearTimeout(this.#escape);
    for (const key of this.#keys.feed(text)) this.#options.onKey(key);
    if (!this.#keys.isPending) return;
    this.#escape = setTimeout(() => {
      for (const key of this.#keys.flush()) this.#options.onKey(key);
    }, ESCAPE_MS);
  };
}

import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import type { FileOutcome, TransferEvents } from "../transfer.ts";
import { quoteName } from "../wire/file_name.ts";
import { formatBytes, formatProgress, formatProgressLine } from "./progress_text.ts";

/** Where it is shown: standard error, or a test's stand-in. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const LINE_MS = 5000;
/** The rate is that of the last seconds, not of the whole transfer: so it shows what happens now. */
const RATE_WINDOW_MS = 3000;

/**
 * Shows a transfer: a bar that is drawn over itself on a terminal, one line every few seconds elsewhere, and one line for
 * what became of each file that did not simply go through.
 *
 * Owns: one timer while a transfer runs; `close` stops it and leaves the last state on the screen.
 */
export class ProgressDisplay implements TransferEvents {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];
  #name = "";
  #done = 0;
  #total: number | undefined;
  #isVerifying = false;
  #began: number | undefined; // when the first byte was due; nothing is shown before
  #resumed = 0;
  #timer: Timer | undefined;

  constructor(screen: Screen, clock: Clock = systemClock) {
    this.#screen = screen;
    this.#clock = clock;
  }

  onStart(files: number, bytes: number | undefined): void {
    this.#total = bytes;
    if (files > 0) this.#tick();
  }

  onFile(name: string, _size: number | undefined, offset: number): void {
    this.#name = quoteName(name).slice(1, -1); // what a file is called must not steer the terminal
    this.#isVerifying = false;
    this.#began ??= this.#clock.monotonic();
    this.#done += offset;
    this.#resumed += offset;
    this.#samples.length = 0; // what was there already says nothing about the rate
    this.#samples.push({ at: this.#clock.monotonic(), bytes: this.#done });
    if (offset > 0) this.#line(`${quoteName(name)}: going on after ${formatBytes(offset)} that are there already`);
  }

  onBytes(bytes: number): void {
    this.#done += bytes;
  }

  onVerify(): void {
    this.#isVerifying = true;
    if (this.#screen.isTTY) this.#draw(); // elsewhere the next line says it, if it takes so long
  }

  onOutcome({ name, outcome, reason, storedAs }: FileOutcome): void {
    if (storedAs !== undefined) this.#line(`${quoteName(name)}: stored as ${quoteName(storedAs)}`);
    if (outcome === "skipped") this.#line(`${quoteName(name)}: skipped, it is there already`);
    if (outcome === "failed") this.#line(reason ?? `${quoteName(name)}: failed`);
  }

  onNotice(message: string): void {
    this.#line(message);
  }

  close(): void {
    this.#timer?.cancel();
    if (this.#began === undefined) return;
    const seconds = (this.#clock.monotonic() - this.#began) / 1000;
    this.#isVerifying = false;
    this.#draw((this.#done - this.#resumed) / Math.max(seconds, 0.001));
    if (this.#screen.isTTY) this.#screen.write("\n");
    this.#began = undefined;
  }

  #tick(): void {
    this.#timer = this.#clock.after(this.#screen.isTTY ? REDRAW_MS : LINE_MS, () => {
      this.#draw();
      this.#tick();
    });
  }

  #draw(bytesPerSecond = this.#rate()): void {
    if (this.#began === undefined) return;
    const state = {
      name: this.#name,
      doneBytes: this.#done,
      totalBytes: this.#total,
      bytesPerSecond,
      isVerifying: this.#isVerifying,
    };
    if (this.#screen.isTTY) this.#screen.write(`\r\x1b[K${formatProgress(state, this.#screen.columns ?? 80)}`);
    else this.#screen.write(`${formatProgressLine(state)}\n`);
  }

  /** A line of its own, above the bar. */
  #line(text: string): void {
    this.#screen.write(this.#screen.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
    if (this.#screen.isTTY) this.#draw();
  }

  #rate(): number {
    const now = this.#clock.monotonic();
    this.#samples.push({ at: now, bytes: this.#done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > RATE_WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now <= first.at) return 0;
    return ((this.#done - first.bytes) / (now - first.at)) * 1000;
  }
}

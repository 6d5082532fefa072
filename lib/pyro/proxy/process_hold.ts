import { clearInterval, setInterval } from "node:timers";

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive while something is waited for over a connection that by itself does not: a program whose last
 * call was answered ends, though its proxies were not released.
 *
 * Opens: a timer, which `end` clears.
 */
export class ProcessHold {
  readonly #timer = setInterval(() => {}, LONGEST_INTERVAL_MS).unref();

  hold(): void {
    this.#timer.ref();
  }

  letGo(): void {
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { asError, UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import type { LogicalClock } from "../logical_clock.ts";
import type { Revoked } from "./revoked.ts";

/**
 * What a worker remembers from one run to the next (`--statedb`): revoked ids and its logical clock, as JSON.
 *
 *     {"clock": 17, "revoked": {"<id>": <seconds since 1970>}}
 *
 * Celery's own is a `shelve`, which only Python can read; the meaning is the same.
 *
 * Source: celery 5.6 celery/worker/state.py `Persistent`
 */
export class StateFile {
  readonly #path: string;
  readonly #revoked: Revoked;
  readonly #logicalClock: LogicalClock;
  readonly #clock: Clock;

  constructor(path: string, revoked: Revoked, logicalClock: LogicalClock, clock: Clock = systemClock) {
    this.#path = path;
    this.#revoked = revoked;
    this.#logicalClock = logicalClock;
    this.#clock = clock;
  }

  /**
   * Adds what the file remembers; nothing if there is none yet.
   *
   * @throws {UsageError} if it is no such file: it is not to be overwritten then
   */
  load(): void {
    const state = this.#read();
    if (state === undefined) return;
    const ahead = this.#clock.now() - this.#clock.monotonic();
    for (const [id, seconds] of Object.entries(isPlainObject(state.revoked) ? state.revoked : {})) {
      if (typeof seconds === "number") this.#revoked.add(id, seconds * 1000 - ahead);
    }
    this.#logicalClock.adjust(state.clock);
  }

  /** Writes the file anew, whole or not at all. */
  save(): void {
    const ahead = this.#clock.now() - this.#clock.monotonic();
    const revoked = Object.entries(this.#revoked.toWire()).map(([id, [seconds]]) => [id, seconds + ahead / 1000]);
    const draft = `${this.#path}.draft`;
    writeFileSync(
      draft,
      `${JSON.stringify({ clock: this.#logicalClock.value, revoked: Object.fromEntries(revoked) })}\n`,
      { mode: 0o600 },
    );
    renameSync(draft, this.#path);
  }

  #read(): Readonly<Record<string, unknown>> | undefined {
    try {
      const state: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      if (!isPlainObject(state)) throw new Error("it is no JSON object");
      return state;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new UsageError(`Cannot read the state file ${this.#path}: ${asError(error).message}`, { cause: error });
    }
  }
}

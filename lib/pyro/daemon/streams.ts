import type { Logger } from "../../base/log.ts";
import type { Clock, Timer } from "../../base/time.ts";
import { DaemonError, PyroError, PyroRemoteError } from "../wire/errors.ts";

/** What a method returns to have its items fetched one by one. */
export type ItemSource = Iterator<unknown> | AsyncIterator<unknown>;

export interface StreamTableOptions {
  /** How long a stream outlives the connection of its reader; 0: not at all. */
  readonly lingerMs: number;
  /** How long a stream lives, counted from its beginning; 0: as long as it is read. */
  readonly lifetimeMs: number;
  /** Time between two looks at both. */
  readonly sweepMs: number;
  readonly maxStreams: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** A fresh id: 36 characters of a UUID. */
  readonly newId: () => string;
}

interface Stream {
  readonly source: ItemSource;
  readonly openedMs: number;
  /** The connection that reads it; undefined while it lingers. */
  reader: object | undefined;
  lingersSinceMs: number;
}

/**
 * Results that are fetched item by item, by id. Any connection may read any of them.
 *
 *     open ──next…next──> ended (StopIteration, or the generator's error)
 *      │ └─ reader gone ─> lingering ──next──> read on
 *      └──── close, lifetime or linger over ──> closed, and the generator's `finally` runs
 *
 * Opens: one timer, while a stream could expire. `closeAll` ends it and all streams.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `DaemonObject.get_next_stream_item`, `Daemon._housekeeping`
 */
export class StreamTable {
  readonly #options: StreamTableOptions;
  readonly #streams = new Map<string, Stream>();
  #sweep: Timer | undefined;

  constructor(options: StreamTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** @returns the stream's id. @throws {DaemonError} if too many are open */
  open(source: ItemSource, reader: object): string {
    const { maxStreams, newId, clock } = this.#options;
    if (this.#streams.size >= maxStreams) {
      end(source, this.#options.log);
      throw new DaemonError(`Cannot open an item stream: ${maxStreams} are open`);
    }
    const id = newId();
    this.#streams.set(id, { source, openedMs: clock.monotonic(), reader, lingersSinceMs: 0 });
    if (this.#options.lifetimeMs > 0) this.#keepSweeping();
    return id;
  }

  /**
   * @returns the next item, or a promise of it where the source is asynchronous.
   * @throws {PyroRemoteError} Python's StopIteration at the end; what the source throws. Both forget the stream.
   */
  next(id: string, reader: object): unknown {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new PyroError("item stream terminated");
    stream.reader ??= reader;
    const take = (result: IteratorResult<unknown>) => {
      if (result.done !== true) return result.value;
      this.#streams.delete(id);
      throw new PyroRemoteError("", { remoteType: "builtins.StopIteration", args: [] });
    };
    const drop = (error: unknown) => {
      this.#streams.delete(id);
      throw error;
    };
    try {
      const result = stream.source.next();
      return result instanceof Promise ? result.then(take, drop) : take(result);
    } catch (error) {
      return drop(error);
    }
  }

  /** Ends a stream early; unknown ids are no error. */
  close(id: string): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    if (stream !== undefined) end(stream.source, this.#options.log);
  }

  /** The reader's connection has ended: its streams linger, or are closed. */
  disconnected(reader: object): void {
    for (const [id, stream] of this.#streams) {
      if (stream.reader !== reader) continue;
      if (this.#options.lingerMs === 0) this.close(id);
      else {
        stream.reader = undefined;
        stream.lingersSinceMs = this.#options.clock.monotonic();
        this.#keepSweeping();
      }
    }
  }

  closeAll(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const id of [...this.#streams.keys()]) this.close(id);
  }

  #keepSweeping(): void {
    this.#sweep ??= this.#options.clock.after(this.#options.sweepMs, () => {
      this.#sweep = undefined;
      const { lingerMs, lifetimeMs, clock } = this.#options;
      const now = clock.monotonic();
      let canExpire = false;
      for (const [id, stream] of this.#streams) {
        const isOld = lifetimeMs > 0 && now - stream.openedMs > lifetimeMs;
        const isLeft = stream.reader === undefined && now - stream.lingersSinceMs > lingerMs;
        if (isOld || isLeft) this.close(id);
        else canExpire ||= lifetimeMs > 0 || stream.reader === undefined;
      }
      if (canExpire) this.#keepSweeping();
    });
  }
}

/**
 * True for what is fetched item by item: generators and other iterators. Arrays, maps and sets are values.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon._streamResponse`
 */
export function isItemSource(value: unknown): value is ItemSource {
  if (typeof value !== "object" || value === null) return false;
  if (!(Symbol.asyncIterator in value) && !(Symbol.iterator in value)) return false;
  return "next" in value && typeof value.next === "function";
}

/** Lets a generator run its `finally`; nobody waits for it. */
function end(source: ItemSource, log: Logger): void {
  const failed = (error: unknown) => log.warn("Item stream failed while it was closed", { error });
  try {
    const ended = source.return?.();
    if (ended instanceof Promise) ended.catch(failed);
  } catch (error) {
    failed(error);
  }
}

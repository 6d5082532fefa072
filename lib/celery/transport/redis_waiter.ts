import { ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { onAbort } from "../../base/abort.ts";
import type { Clock } from "../../base/time.ts";
import { delay } from "../../base/time.ts";
import { RedisClient, RedisError, type ResolvedRedisOptions } from "../../redis/mod.ts";
import { isEmbeddedBroker, type OperationKind } from "./redis_operations.ts";

/** Longest sleep: after it one looks again, whatever was or was not heard. */
const LONGEST_WAIT_MS = 5000;
/** Between two looks where the server tells nothing. */
const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;

type Way = OperationKind | "tracking" | "polling" | "unknown";

/**
 * Waits until one of some lists holds something, and takes nothing.
 *
 * | server | how |
 * |---|---|
 * | embedded broker | `Q.WAIT`, which blocks |
 * | Redis from 6.0 | CLIENT TRACKING: `EXISTS` of all lists, and the server tells when one of them changes |
 * | others, or where that is denied | `EXISTS` again and again, at most 4 times a second |
 *
 * kombu blocks with BRPOP, which takes a message before anything records who has it.
 *
 * Owns: a connection of its own, which it may block.
 */
export class RedisWaiter {
  readonly #client: RedisClient;
  readonly #clock: Clock;
  #way: Way = "unknown";
  #changed = new Deferred<void>();

  constructor(client: RedisClient, clock: Clock) {
    this.#clock = clock;
    const protocol: ResolvedRedisOptions["protocol"] = 3; // invalidations are pushes
    this.#client = client.dedicated({ protocol }, {
      prepare: async (connection, info) => {
        if (isEmbeddedBroker(info)) this.#way = "native";
        else if (info.protocol !== 3) this.#way = "polling";
        else {
          const [reply] = await connection.runAll([["CLIENT", "TRACKING", "ON"]]);
          this.#way = reply instanceof RedisError ? "polling" : "tracking";
        }
        this.#wake(); // what was watched on an earlier connection is watched no more
      },
      onPush: () => this.#wake(),
    });
  }

  /** Resolves when a list may hold something, or after a few seconds; rejects with `signal.reason`. */
  async wait(lists: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#way === "unknown") await this.#client.ready({ signal });
    switch (this.#way) {
      case "native":
        return await this.#waitNatively(lists, signal);
      case "tracking":
        return await this.#waitForChange(lists, signal);
      default:
        return await this.#poll(lists, signal);
    }
  }

  /** Drops the present connection; waiting goes on over the next. */
  reconnect(reason: Error): void {
    this.#client.reconnect(reason);
  }

  async close(): Promise<void> {
    await this.#client.close({ drain: false });
  }

  async #waitNatively(lists: readonly string[], signal: AbortSignal): Promise<void> {
    const command = ["Q.WAIT", LONGEST_WAIT_MS, lists.length, ...lists];
    // A wait that is called off still blocks its connection, and the next one would stand behind it.
    const stop = onAbort(
      signal,
      () => this.reconnect(new ConnectionError("Cannot wait any longer: it was called off")),
    );
    try {
      await this.#client.run(command, { signal, blockMs: LONGEST_WAIT_MS, retry: "always" });
    } finally {
      stop();
    }
  }

  async #waitForChange(lists: readonly string[], signal: AbortSignal): Promise<void> {
    const changed = this.#changed.promise;
    if (await this.#anyExists(lists, signal)) return;
    const timer = new AbortController();
    const stop = onAbort(signal, (reason) => timer.abort(reason));
    try {
      await Promise.race([changed, delay(LONGEST_WAIT_MS, { signal: timer.signal, clock: this.#clock })]);
    } finally {
      stop();
      timer.abort(); // its rejection has been raced already, or ends here unheard
    }
  }

  async #poll(lists: readonly string[], signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + LONGEST_WAIT_MS;
    let waitMs = FIRST_POLL_MS;
    while (!await this.#anyExists(lists, signal) && this.#clock.monotonic() < end) {
      await delay(waitMs, { signal, clock: this.#clock });
      waitMs = Math.min(waitMs * 2, LONGEST_POLL_MS);
    }
  }

  async #anyExists(lists: readonly string[], signal: AbortSignal): Promise<boolean> {
    return await this.#client.run(["EXISTS", ...lists], { signal, retry: "always" }) !== 0;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = new Deferred<void>();
  }
}

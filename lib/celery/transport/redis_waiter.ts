import { ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { onAbort } from "../../base/abort.ts";
import type { Clock } from "../../base/time.ts";
import { delay } from "../../base/time.ts";
import {
  RedisClient,
  type RedisCommand,
  RedisError,
  type ResolvedRedisOptions,
  type RespValue,
} from "../../redis/mod.ts";
import { isEmbeddedBroker, type ListLook, type OperationKind } from "./redis_operations.ts";

/** Longest sleep: after it one looks again, whatever was or was not heard. */
const LONGEST_WAIT_MS = 5000;
/** Between two looks where the server tells nothing. */
const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;

/** A look that knows what it has seen, and hears of what changes after it. */
export interface WaiterLook extends ListLook {
  /** Undefined while it has not been taken. */
  readonly found: boolean | undefined;
  readonly changed: Promise<void>;
}

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
 * A tracked look can go along with the command that takes messages (`look`): a round trip less between two of them.
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
          const commands = [["CLIENT", "TRACKING", "ON", "OPTIN", "NOLOOP"], ["CLIENT", "CACHING", "YES"]];
          const isRefused = (await connection.runAll(commands)).some((reply) => reply instanceof RedisError);
          this.#way = isRefused ? "polling" : "tracking";
        }
        this.#wake(); // what was watched on an earlier connection is watched no more
      },
      onPush: () => this.#wake(),
    });
  }

  /**
   * A look that whoever takes messages can take at once with it, so that `wait` needs none of its own. Undefined where
   * the server does not tell of changes, or there is no connection now.
   */
  look(lists: readonly string[]): WaiterLook | undefined {
    if (this.#way !== "tracking" || this.#client.state.kind !== "ready") return undefined;
    return new TrackedLook(this.#client, lists, this.#changed.promise);
  }

  /**
   * Resolves when a list may hold something, or after a few seconds; rejects with `signal.reason`.
   * @param look at these lists, just taken
   */
  async wait(lists: readonly string[], signal: AbortSignal, look?: WaiterLook): Promise<void> {
    if (look?.found === true) return;
    if (look?.found === false) return await this.#sleep(look.changed, signal);
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
    this.#wake(); // whoever sleeps sees then that it is closed
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
    const look = new TrackedLook(this.#client, lists, this.#changed.promise);
    const replies = await this.#client.runAll(look.commands, { signal, retry: "always" });
    for (const reply of replies) if (reply instanceof RedisError) throw reply;
    look.taken(replies);
    if (look.found === false) await this.#sleep(look.changed, signal);
  }

  /** Until something has changed, or for the longest wait. */
  #sleep(changed: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        timer.cancel();
        stop();
        resolve();
      };
      const timer = this.#clock.after(LONGEST_WAIT_MS, () => this.#wake()); // who sleeps on adds nothing to `changed` for ever
      const stop = onAbort(signal, (reason) => {
        timer.cancel();
        reject(reason);
      });
      void changed.then(finish);
    });
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

/** Asks whether any of the lists is there, over a connection that is told of changes to what it asks for in this way. */
class TrackedLook implements WaiterLook {
  readonly client: RedisClient;
  readonly commands: readonly RedisCommand[];
  readonly changed: Promise<void>;
  #found: boolean | undefined;

  constructor(client: RedisClient, lists: readonly string[], changed: Promise<void>) {
    this.client = client;
    this.commands = [["CLIENT", "CACHING", "YES"], ["EXISTS", ...lists]];
    this.changed = changed;
  }

  get found(): boolean | undefined {
    return this.#found;
  }

  /** One that was refused is as good as none. */
  taken(replies: readonly RespValue[]): void {
    if (!replies.some((reply) => reply instanceof RedisError)) this.#found = replies[1] !== 0;
  }
}

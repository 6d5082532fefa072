import type { Logger } from "../../base/log.ts";
import type { Clock, Timer } from "../../base/time.ts";
import { UsageError } from "../../base/errors.ts";
import { connect } from "../../net/mod.ts";
import { addressOf } from "../proxy/location.ts";
import { Uri } from "../wire/uri.ts";
import { NAME_SERVER_NAME, type NameServer } from "./name_server.ts";

/** Shorter intervals are refused, as in Python. */
export const LEAST_AUTOCLEAN_SECONDS = 3;
/** A registration is removed once its daemon could not be reached for so long. */
const MAX_UNREACHABLE_MS = 20_000;
/** Connections tried at a time. */
const PARALLEL = 16;
/** Never cleaned: the name server's own entries. */
const OWN_NAMES: ReadonlySet<string> = new Set(["Pyro.Daemon", NAME_SERVER_NAME]);

export interface AutoCleanerOptions {
  readonly intervalMs: number;
  /** How long one daemon may take to accept. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Removes the registrations of daemons that are gone: every interval it tries to connect to each, and what does not
 * answer for 20 s is removed.
 *
 * Opens: a timer, and connections that it closes at once. `close` ends it all.
 *
 * Spec: Pyro4 4.82 `Pyro4/naming.py` `AutoCleaner`
 */
export class AutoCleaner {
  readonly #nameServer: NameServer;
  readonly #options: AutoCleanerOptions;
  readonly #unreachableSince = new Map<string, number>();
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #sweep: Promise<void> = Promise.resolve();

  /** @throws {UsageError} for an interval under 3 s, in Python's words */
  constructor(nameServer: NameServer, options: AutoCleanerOptions) {
    if (options.intervalMs < LEAST_AUTOCLEAN_SECONDS * 1000) {
      throw new UsageError(`NS_AUTOCLEAN cannot be smaller than ${LEAST_AUTOCLEAN_SECONDS}`);
    }
    this.#nameServer = nameServer;
    this.#options = options;
    this.#arm();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    await this.#sweep;
  }

  #arm(): void {
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.after(intervalMs, () => {
      this.#sweep = this.#lookAtAll().finally(() => {
        if (!this.#stop.signal.aborted) this.#arm();
      });
    });
  }

  async #lookAtAll(): Promise<void> {
    const names = [...this.#nameServer.list()].filter(([name]) => !OWN_NAMES.has(name));
    const work = names.values();
    const worker = async () => {
      for (const [name, uri] of work) {
        if (this.#stop.signal.aborted) return;
        await this.#lookAt(name, String(uri));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    const known = new Set(names.map(([name]) => name));
    for (const name of this.#unreachableSince.keys()) if (!known.has(name)) this.#unreachableSince.delete(name);
  }

  async #lookAt(name: string, uri: string): Promise<void> {
    const { clock, log } = this.#options;
    if (await this.#isReachable(uri)) {
      this.#unreachableSince.delete(name);
      return;
    }
    const since = this.#unreachableSince.get(name) ?? clock.monotonic();
    this.#unreachableSince.set(name, since);
    if (clock.monotonic() - since < MAX_UNREACHABLE_MS || this.#stop.signal.aborted) return;
    log.info("Removed a registration that cannot be reached", { name, uri });
    this.#nameServer.remove(name);
    this.#unreachableSince.delete(name);
  }

  async #isReachable(uri: string): Promise<boolean> {
    try {
      const connection = await connect(addressOf(Uri.parse(uri)), {
        timeoutMs: this.#options.timeoutMs,
        signal: this.#stop.signal,
      });
      connection.abort();
      return true;
    } catch {
      return false; // whatever the reason: nobody can call it now
    }
  }
}

import type { Client } from "./client.ts";
import type { Command } from "./commands/command.ts";
import type { LoadedScripts } from "./commands/known_scripts.ts";
import type { Holders } from "./holders.ts";
import type { PubSub } from "./pubsub.ts";
import type { ScanCursors } from "./store/scan_cursors.ts";
import type { Waiters } from "./waiters.ts";
import type { Watches } from "./watches.ts";

/** What INFO, CONFIG GET and HELLO tell; collected when asked for. */
export interface BrokerReport {
  readonly info: readonly InfoSection[];
  /** Redis' names of settings, with our values. */
  readonly config: ReadonlyMap<string, string>;
}

export interface InfoSection {
  readonly title: string;
  readonly lines: ReadonlyMap<string, string | number>;
}

/** What a client may ask of the whole broker. */
export interface BrokerControl {
  report(): BrokerReport;
  /** @returns false if the password is wrong; `undefined` if none is needed on this client's listener */
  checkPassword(client: Client, user: string, password: string): boolean | undefined;
  /** Begins to compact the journal. @returns why not, where it cannot */
  compact(): string | undefined;
  /** Ends the broker, with everything on disk. */
  shutDown(reason: string): void;
}

/** Everything beside the data that commands work with. */
export interface Services {
  readonly clients: ReadonlyMap<number, Client>;
  readonly commands: ReadonlyMap<string, Command>;
  readonly cursors: ScanCursors;
  readonly holders: Holders;
  readonly pubsub: PubSub;
  readonly scripts: LoadedScripts;
  readonly waiters: Waiters;
  readonly watches: Watches;
  readonly control: BrokerControl;
  /** A number in [0, 1). */
  readonly random: () => number;
}

import type { Command } from "./commands/command.ts";
import type { Reply } from "./reply.ts";
import type { CommandWords } from "./store/store.ts";
import type { Waiter } from "./waiters.ts";

/** Commands between MULTI and EXEC. */
export interface Transaction {
  readonly queued: { readonly command: Command; readonly args: CommandWords }[];
  /** Something that could not be queued: EXEC will refuse. */
  isBroken: boolean;
}

/** How a client reaches its socket. */
export interface ClientOutput {
  /** Queues a reply or a push, in order. */
  send(reply: Reply): void;
  /** Hangs up: after what is queued was sent, or at once. */
  close(when: "drained" | "now", reason: string): void;
  /** RESP version of what is sent from now on. */
  protocol: 2 | 3;
}

export interface ClientOptions {
  readonly id: number;
  /** `127.0.0.1:52110`, or the path of the socket. */
  readonly address: string;
  /** Wall time in milliseconds. */
  readonly connectedAt: number;
  /** It has to give the broker's password first. */
  readonly needsPassword: boolean;
  readonly output: ClientOutput;
}

/** What commands know of one connection: all of its state that outlives a command. */
export class Client {
  readonly id: number;
  readonly address: string;
  readonly connectedAt: number;
  readonly output: ClientOutput;
  readonly needsPassword: boolean;
  isAuthenticated: boolean;
  /** Number of the selected database. */
  database = 0;
  /** CLIENT SETNAME. */
  name = "";
  /** CLIENT SETINFO. */
  readonly library = { name: "", version: "" };
  transaction: Transaction | undefined;
  /** A key watched since WATCH was changed: EXEC will answer null. */
  isWatchBroken = false;
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  /** Set while a blocking command waits; nothing else of the client is served then. */
  waiter: Waiter | undefined;
  /** Q.HOLD: in whose name messages are reserved. */
  holder: string | undefined;
  /** For CLIENT LIST. */
  lastCommand = "";
  /** Wall time in milliseconds of the last command. */
  lastActiveAt: number;

  constructor(options: ClientOptions) {
    this.id = options.id;
    this.address = options.address;
    this.connectedAt = options.connectedAt;
    this.lastActiveAt = options.connectedAt;
    this.needsPassword = options.needsPassword;
    this.isAuthenticated = !options.needsPassword;
    this.output = options.output;
  }

  get protocol(): 2 | 3 {
    return this.output.protocol;
  }

  /** How many channels and patterns it is subscribed to. */
  get subscriptions(): number {
    return this.channels.size + this.patterns.size;
  }
}

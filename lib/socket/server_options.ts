import { UsageError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { checkInteger, checkNumber, checkOneOf } from "../base/options.ts";
import { type Clock, systemClock } from "../base/time.ts";
import type { Address, TlsOptions } from "../net/mod.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { RateLimit } from "./rate_limit.ts";
import type { TransferEvents } from "./transfer.ts";
import { EXISTING, type Existing } from "./wire/message.ts";

/** Answers a string; what it throws is told to a client that speaks in frames, and ends a plain one. */
export type Reply = (text: string, peer: string) => string | Promise<string>;

/**
 * What plain connections are for, where the first bytes alone cannot tell:
 *
 * - `time`: everybody gets the time at once
 * - `store`: what comes until EOF is a file
 * - `get`: the first line (or what comes before a pause) names a file, whose bytes go back until EOF
 */
export const RAW_MODES = ["time", "store", "get"] as const;
export type RawMode = (typeof RAW_MODES)[number];

export interface SocketServerOptions {
  /** Default 127.0.0.1:9999. */
  readonly address?: Address;
  /** Default: the string itself. */
  readonly reply?: Reply;
  /** Files are stored in it and given from it. Default: none are. */
  readonly folder?: string;
  /**
   * Where a file of that name is there already. Default `refuse`. A client may ask for `refuse`, `rename` or `skip`
   * instead, never for `overwrite`.
   */
  readonly existing?: Existing;
  /** Whoever does not prove that it knows this is not served. Default: everybody is. */
  readonly secret?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Bytes a second of file contents, all connections together. Default: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Serve plain connections only, and in this way. Default: frames, lines and silence are told apart. */
  readonly raw?: RawMode | undefined;
  /** With `raw: "get"`, the file for clients that name none that is there. */
  readonly defaultFile?: string | undefined;
  /** Who has said nothing for so long gets the time. Default 1000; 0 = wait. */
  readonly silenceMs?: number;
  /** Who says nothing between two requests for so long is dropped. Default 600000; 0 = never. */
  readonly idleTimeoutMs?: number;
  /** Largest string. Default 16 MiB. */
  readonly maxTextBytes?: number;
  /** Default 10000. */
  readonly maxConnections?: number;
  readonly events?: TransferEvents;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** The same, checked and complete. */
export interface ServerSettings {
  readonly reply: Reply;
  readonly folder: ConfinedFolder | undefined;
  readonly existing: Existing;
  readonly secret: string | undefined;
  readonly limit: RateLimit | undefined;
  readonly raw: RawMode | undefined;
  readonly defaultFile: string | undefined;
  readonly silenceMs: number;
  readonly idleTimeoutMs: number;
  readonly maxTextBytes: number;
  readonly events: TransferEvents;
  readonly log: Logger;
  readonly clock: Clock;
}

/** @throws {UsageError} for a value that makes no sense */
export function resolveServerOptions(options: SocketServerOptions, folder: ConfinedFolder | undefined): ServerSettings {
  const { bytesPerSecond, raw, secret } = options;
  if (raw !== undefined && secret !== undefined) {
    throw new UsageError(`Cannot ask for the shared secret: plain connections (raw ${raw}) have no way to prove it`);
  }
  return {
    reply: options.reply ?? ((text) => text),
    folder,
    existing: checkOneOf("existing", options.existing ?? "refuse", EXISTING),
    secret,
    limit: bytesPerSecond === undefined
      ? undefined
      : new RateLimit(checkNumber("bytesPerSecond", bytesPerSecond, { min: 1 })),
    raw: raw === undefined ? undefined : checkOneOf("raw", raw, RAW_MODES),
    defaultFile: options.defaultFile,
    silenceMs: checkInteger("silenceMs", options.silenceMs ?? 1000, { min: 0 }),
    idleTimeoutMs: checkInteger("idleTimeoutMs", options.idleTimeoutMs ?? 600_000, { min: 0 }),
    maxTextBytes: checkInteger("maxTextBytes", options.maxTextBytes ?? 16 * 1024 * 1024 - 1, { min: 1 }),
    events: options.events ?? {},
    log: options.log ?? silentLogger,
    clock: options.clock ?? systemClock,
  };
}

import { checkInteger, checkNumber, checkOneOf, checkText } from "../base/options.ts";
import { type Clock, systemClock } from "../base/time.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { UsageError } from "../base/errors.ts";
import { isLoopback } from "../net/mod.ts";
import { DURABILITY, type Durability } from "./journal/journal.ts";

export interface BrokerOptions {
  /** Where journal, snapshot and socket are; made if it is not there. */
  readonly folder: string;
  /** Default "everysec". */
  readonly durability?: Durability;
  /** A TCP port to listen on as well; 0 lets the system choose. Default: only the unix socket. */
  readonly port?: number | undefined;
  /** Interface of that port. Default "127.0.0.1"; any other than loopback needs a password. */
  readonly host?: string;
  /** Asked from clients that come over TCP; the unix socket is for this user alone anyway. */
  readonly password?: string | undefined;
  /** Milliseconds without a client after which the broker ends. Default 0: never. */
  readonly idleMs?: number;
  /** Estimated bytes of data beyond which commands that need memory are refused. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
  /** Default 10000. */
  readonly maxClients?: number;
  /** Longest argument of a command. Default 256 MiB. */
  readonly maxBulkBytes?: number;
  /** Bytes one client may leave unread before it is dropped. Default 256 MiB. */
  readonly outputLimitBytes?: number;
  /** How long one command may take to come in, unless it comes with 1 KiB a second. Default 60000. */
  readonly requestTimeoutMs?: number;
  /** Bytes of journal from which on compacting pays, if it has also grown to twice the last snapshot. Default 64 MiB. */
  readonly compactAtBytes?: number;
  /** Keeps every whole record of damaged files, instead of refusing to start. Default false. */
  readonly repair?: boolean;
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface ResolvedBrokerOptions extends Required<Omit<BrokerOptions, "port" | "password">> {
  readonly port: number | undefined;
  readonly password: string | undefined;
}

const MIB = 1024 * 1024;

export const DEFAULT_BROKER_OPTIONS = Object.freeze({
  durability: "everysec" as Durability,
  host: "127.0.0.1",
  idleMs: 0,
  maxMemoryBytes: 1024 * MIB,
  maxClients: 10_000,
  maxBulkBytes: 256 * MIB,
  outputLimitBytes: 256 * MIB,
  requestTimeoutMs: 60_000,
  compactAtBytes: 64 * MIB,
  repair: false,
  clock: systemClock,
  log: silentLogger,
});

/** @throws {UsageError} for an option that makes no sense, and for a port that the world could reach without a password */
export function resolveBrokerOptions(options: BrokerOptions): ResolvedBrokerOptions {
  const all = { port: undefined, password: undefined, ...DEFAULT_BROKER_OPTIONS, ...options };
  checkText("folder", all.folder);
  checkOneOf("durability", all.durability, Object.keys(DURABILITY));
  if (all.port !== undefined) checkInteger("port", all.port, { min: 0, max: 65_535 });
  checkText("host", all.host);
  if (all.password !== undefined) checkText("password", all.password);
  checkNumber("idleMs", all.idleMs, { min: 0 });
  for (const name of ["maxMemoryBytes", "maxClients", "maxBulkBytes", "outputLimitBytes", "compactAtBytes"] as const) {
    checkInteger(name, all[name], { min: 1 });
  }
  checkNumber("requestTimeoutMs", all.requestTimeoutMs, { min: 1 });
  if (all.port !== undefined && all.password === undefined && !isLoopback({ host: all.host, port: all.port })) {
    throw new UsageError(
      `Cannot listen on ${all.host}: other machines could reach it, and there is no password; set one, or use 127.0.0.1`,
    );
  }
  return all;
}

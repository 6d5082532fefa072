import type { Socket } from "node:net";
import { UsageError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { checkInteger, checkNumber } from "../../base/options.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import type { TlsOptions } from "../../net/mod.ts";
import type { PyroConfig } from "../config.ts";
import { checkConnectedSocket } from "../connected_socket.ts";
import type { ClientView } from "../context.ts";
import { config as defaultConfig } from "../env.ts";
import { serverTls } from "../tls_files.ts";
import type { Annotations } from "../wire/annotations.ts";
import type { ClassRegistry } from "../wire/class_registry.ts";
import { MAX_PAYLOAD_BYTES } from "../wire/message.ts";
import { DaemonObject, type DaemonView } from "./daemon_object.ts";

/** How a daemon is set up. What is left out comes from `config`, and that from `Pyro.config`. */
export interface DaemonOptions {
  /** Host to bind, which also stands in URIs; `0.0.0.0` binds all. Default: HOST, `localhost`. */
  readonly host?: string;
  /** 0 lets the system choose. Default 0. */
  readonly port?: number;
  /** Path of a unix socket to listen on instead. */
  readonly unixsocket?: string;
  /**
   * A socket that is connected already, to serve its other end and nobody else: one half of a socket pair, the `stdio` of a
   * child process. There is no handshake on it. It is read from the first `register` on, and ended by `close`; the daemon
   * closes when it ends.
   */
  readonly connectedSocket?: Socket;
  /** Host and port that stand in URIs instead, for clients on the other side of a NAT; port 0: the daemon's own. */
  readonly nathost?: string;
  readonly natport?: number;
  /** Shared secret: every message is authenticated by it, and clients without it are refused. A text counts as UTF-8. */
  readonly hmacKey?: string | Uint8Array;
  /** Serves over TLS; default: what the SSL items say. */
  readonly tls?: TlsOptions;
  /** Classes that are written and read beside Pyro's own. It may be shared with proxies. */
  readonly classes?: ClassRegistry;
  /** Floats arrive as `PyFloat`, so that 1.0 goes back as 1.0. Default false: as a number, which goes back as 1. */
  readonly keepFloats?: boolean;
  /** Decides on each new client by what its proxy sent as handshake; what it returns is sent back, what it throws refuses. */
  readonly validateHandshake?: (client: ClientView, handshake: unknown) => unknown;
  /** Told when the connection of an accepted client has ended. */
  readonly clientDisconnect?: (client: ClientView) => void;
  /** Annotations for every message that the daemon sends. */
  readonly annotations?: () => Annotations;
  /** Called every POLLTIMEOUT. */
  readonly housekeeping?: () => void;
  /** The class of the object `Pyro.Daemon`. */
  readonly interface?: new (daemon: DaemonView) => DaemonObject;
  /** How long a client may take to introduce itself. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** Item streams open at a time. Default 10000. */
  readonly maxStreams?: number;
  /** Oneway calls of one connection that run at a time; further calls wait. Default 1000. */
  readonly maxOnewayCalls?: number;
  /** Permission bits of a unix socket. Default 0o600: only this user. */
  readonly mode?: number;
  /** Items that differ from `Pyro.config`. */
  readonly config?: Partial<PyroConfig>;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** The options of one daemon with every gap filled, in milliseconds and bytes. */
export interface DaemonSettings {
  readonly host: string;
  readonly port: number;
  readonly unixsocket: string | undefined;
  readonly connectedSocket: Socket | undefined;
  readonly nat: { readonly host: string; readonly port: number } | undefined;
  readonly hmacKey: string | Uint8Array | undefined;
  readonly tls: TlsOptions | undefined;
  readonly classes: ClassRegistry | undefined;
  readonly keepFloats: boolean;
  readonly validateHandshake: (client: ClientView, handshake: unknown) => unknown;
  readonly clientDisconnect: (client: ClientView) => void;
  readonly annotations: (() => Annotations) | undefined;
  readonly housekeeping: (() => void) | undefined;
  readonly interface: new (daemon: DaemonView) => DaemonObject;
  readonly acceptedSerializers: ReadonlySet<string>;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  readonly maxStreams: number;
  readonly maxOnewayCalls: number;
  readonly handshakeTimeoutMs: number;
  /** 0: clients may be idle for ever. */
  readonly idleMs: number;
  readonly pollMs: number;
  readonly lingerMs: number;
  readonly lifetimeMs: number;
  readonly mode: number;
  readonly config: Readonly<PyroConfig>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** @throws {UsageError} for what cannot work, with expected and got */
export function resolveDaemonSettings(options: DaemonOptions): DaemonSettings {
  const config = { ...defaultConfig, ...options.config };
  const { unixsocket, hmacKey, classes, annotations, housekeeping } = options;
  const tls = options.tls ?? serverTls(config);
  return {
    host: options.host ?? config.HOST,
    port: checkInteger("port", options.port ?? 0, { min: 0, max: 65_535 }),
    unixsocket,
    connectedSocket: checkConnectedSocket(options.connectedSocket, tls),
    nat: options.connectedSocket === undefined ? resolveNat(options, config) : undefined,
    hmacKey,
    tls,
    classes,
    keepFloats: options.keepFloats ?? false,
    validateHandshake: options.validateHandshake ?? (() => "hello"),
    clientDisconnect: options.clientDisconnect ?? (() => {}),
    annotations,
    housekeeping,
    interface: options.interface ?? DaemonObject,
    acceptedSerializers: new Set(config.SERIALIZERS_ACCEPTED.split(",").map((name) => name.trim())),
    maxConnections: checkInteger("THREADPOOL_SIZE", config.THREADPOOL_SIZE, { min: 1 }),
    maxMessageBytes: checkInteger("MAX_MESSAGE_SIZE", config.MAX_MESSAGE_SIZE, { min: 0 }) || MAX_PAYLOAD_BYTES,
    maxStreams: checkInteger("maxStreams", options.maxStreams ?? 10_000, { min: 1 }),
    maxOnewayCalls: checkInteger("maxOnewayCalls", options.maxOnewayCalls ?? 1000, { min: 1 }),
    handshakeTimeoutMs: checkNumber("handshakeTimeoutMs", options.handshakeTimeoutMs ?? 10_000, { min: 1 }),
    idleMs: checkNumber("COMMTIMEOUT", config.COMMTIMEOUT, { min: 0 }) * 1000,
    pollMs: checkNumber("POLLTIMEOUT", config.POLLTIMEOUT, { min: 0 }) * 1000 || 2000,
    lingerMs: checkNumber("ITER_STREAM_LINGER", config.ITER_STREAM_LINGER, { min: 0 }) * 1000,
    lifetimeMs: checkNumber("ITER_STREAM_LIFETIME", config.ITER_STREAM_LIFETIME, { min: 0 }) * 1000,
    mode: options.mode ?? 0o600,
    config,
    log: options.log ?? silentLogger,
    clock: options.clock ?? systemClock,
  };
}

function resolveNat(options: DaemonOptions, config: PyroConfig): DaemonSettings["nat"] {
  const host = options.nathost ?? config.NATHOST ?? undefined;
  if (host === undefined) {
    if (options.natport === undefined) return undefined;
    throw new UsageError("must provide natport with nathost");
  }
  if (options.unixsocket !== undefined) throw new UsageError("cannot use nathost together with unixsocket");
  return { host, port: checkInteger("natport", options.natport ?? config.NATPORT, { min: 0, max: 65_535 }) };
}

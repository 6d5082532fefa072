import type { Socket } from "node:net";
import { checkInteger, checkNumber } from "../../base/options.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import type { PeerCertificate, TlsOptions } from "../../net/mod.ts";
import type { PyroConfig } from "../config.ts";
import { checkConnectedSocket } from "../connected_socket.ts";
import { config as defaultConfig } from "../env.ts";
import { clientTls } from "../tls_files.ts";
import type { ClassRegistry } from "../wire/class_registry.ts";
import { MAX_PAYLOAD_BYTES } from "../wire/message.ts";

/** How a proxy is set up. What is left out comes from `config`, and that from `Pyro.config`. */
export interface ProxyOptions {
  /** How long connecting, and each call, may take; 0: as long as it takes. Default: COMMTIMEOUT, which is 0. */
  readonly timeoutMs?: number;
  /** How often a method call is repeated after its connection broke or timed out; it may then be carried out twice. Default: MAX_RETRIES, 0. */
  readonly maxRetries?: number;
  /** The secret that the daemon shares. A text counts as UTF-8. */
  readonly hmacKey?: string | Uint8Array | undefined;
  /** What the daemon's validator gets to see. Default `hello`. */
  readonly handshake?: unknown;
  /** Name of the serializer. Default: SERIALIZER, `serpent`. */
  readonly serializer?: string | undefined;
  /** Connects over TLS; default: what the SSL items say. */
  readonly tls?: TlsOptions;
  /**
   * A socket that is connected already, at whose other end a daemon serves it alone; the proxy's address is then just the
   * id of an object. There is no handshake on it. `_pyroRelease` leaves it open: whoever made it ends it.
   */
  readonly connectedSocket?: Socket;
  /**
   * Connections that calls are spread over. One keeps calls in order and sees one session's instance; more let slow calls
   * run side by side, for a daemon carries out the calls of a connection one after the other. For quick calls one is best,
   * also to Python's daemon, whose threads get in each other's way (64 in flight, measured: 17,900 calls a second over one
   * connection, 8,400 over four). Default 1.
   */
  readonly connections?: number;
  /** Calls that wait for their answers at a time, on each connection; more are refused. Default and most 32768. */
  readonly maxInFlight?: number;
  /** Classes that are written and read beside Pyro's own. It may be shared with daemons and other proxies. */
  readonly classes?: ClassRegistry;
  /** Floats arrive as `PyFloat`, so that 1.0 goes back as 1.0. Default false: as a number, which goes back as 1. */
  readonly keepFloats?: boolean;
  /** Looks at the daemon's answer to the handshake, and at its certificate where TLS is spoken; what it throws ends the connection. */
  readonly validateHandshake?: (response: unknown, certificate: PeerCertificate | undefined) => void;
  /** Items that differ from `Pyro.config`. */
  readonly config?: Partial<PyroConfig>;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** The options of one proxy with every gap filled. The first five may be changed; that counts from the next connection on. */
export interface ProxySettings {
  timeoutMs: number;
  maxRetries: number;
  hmacKey: string | Uint8Array | undefined;
  handshake: unknown;
  serializer: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly connectedSocket: Socket | undefined;
  readonly connections: number;
  readonly maxInFlight: number;
  readonly maxMessageBytes: number;
  readonly classes: ClassRegistry | undefined;
  readonly keepFloats: boolean;
  readonly validateHandshake: (response: unknown, certificate: PeerCertificate | undefined) => void;
  readonly config: Readonly<PyroConfig>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Half of the sequence numbers: an old one is never met again while it may still be answered. */
const MOST_IN_FLIGHT = 32_768;

/** @throws {UsageError} for what cannot work, with expected and got */
export function resolveProxySettings(options: ProxyOptions): ProxySettings {
  const config = { ...defaultConfig, ...options.config };
  const { hmacKey, handshake = "hello", serializer, classes } = options;
  const tls = options.tls ?? clientTls(config);
  const connectedSocket = checkConnectedSocket(options.connectedSocket, tls);
  return {
    timeoutMs: checkNumber("timeoutMs", options.timeoutMs ?? config.COMMTIMEOUT * 1000, { min: 0 }),
    maxRetries: checkInteger("maxRetries", options.maxRetries ?? config.MAX_RETRIES, { min: 0 }),
    hmacKey,
    handshake,
    serializer,
    tls,
    connectedSocket,
    connections: checkInteger("connections", options.connections ?? 1, {
      min: 1,
      max: connectedSocket === undefined ? 1000 : 1,
    }),
    maxInFlight: checkInteger("maxInFlight", options.maxInFlight ?? MOST_IN_FLIGHT, { min: 1, max: MOST_IN_FLIGHT }),
    maxMessageBytes: checkInteger("MAX_MESSAGE_SIZE", config.MAX_MESSAGE_SIZE, { min: 0 }) || MAX_PAYLOAD_BYTES,
    classes,
    keepFloats: options.keepFloats ?? false,
    validateHandshake: options.validateHandshake ?? (() => {}),
    config,
    log: options.log ?? silentLogger,
    clock: options.clock ?? systemClock,
  };
}

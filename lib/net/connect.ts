import * as net from "node:net";
import { ConnectionError, TimeoutError } from "../base/errors.ts";
import { onAbort } from "../base/abort.ts";
import { systemClock } from "../base/time.ts";
import { type Address, checkAddress, describeAddress, isUnixAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { explainSocketError } from "./socket_error.ts";
import { secureContext, type TlsOptions, wrapClient } from "./tls.ts";

export interface ConnectOptions {
  /** Default 10000. Covers name look-up, every address of the name, and the TLS handshake. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Wraps the socket in TLS; `{}` verifies against the runtime's own authorities. */
  readonly tls?: TlsOptions | undefined;
  /** Unsent bytes beyond which `send` waits. Default 1 MiB. */
  readonly highWaterBytes?: number;
  /** Milliseconds of silence before TCP probes the peer. Default 30000; 0 switches it off. */
  readonly keepAliveMs?: number;
  /** True: the connection alone does not keep the process alive; whoever waits for something over it has to. Default false. */
  readonly background?: boolean;
}

/**
 * Opens a connection.
 *
 * The name is looked up at every call, and all its addresses are tried, so an address change is survived by reconnecting.
 *
 * @throws {ConnectionError} code ERR_CONNECT, its cause the system's error; {TimeoutError}; `signal.reason` when aborted.
 */
export function connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
  const { timeoutMs = 10_000, signal, keepAliveMs = 30_000, tls } = options;
  checkAddress(address);
  signal?.throwIfAborted();
  const name = describeAddress(address);
  const context = tls === undefined ? undefined : secureContext(tls);
  return new Promise((resolve, reject) => {
    const plain = isUnixAddress(address) ? net.connect({ path: address.path, allowHalfOpen: true }) : net.connect({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      autoSelectFamily: true,
      ...(keepAliveMs > 0 ? { keepAlive: true, keepAliveInitialDelay: keepAliveMs } : {}),
    });
    let socket: net.Socket = plain; // or the TLS socket around it
    const settle = () => {
      timer.cancel();
      unlisten();
      plain.on("error", ignore);
      socket.on("error", ignore);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      plain.destroy();
      reject(error);
    };
    const refuse = (error: Error) => {
      const why = explainSocketError(error);
      fail(new ConnectionError(`Cannot connect to ${name}: ${why}`, { code: "ERR_CONNECT", cause: error }));
    };
    const ready = () => {
      settle();
      plain.removeListener("error", refuse);
      socket.removeListener("error", refuse);
      if (options.background === true) {
        plain.unref();
        socket.unref();
      }
      resolve(new Connection(socket, name, options.highWaterBytes));
    };
    const timer = systemClock.after(
      timeoutMs,
      () => fail(new TimeoutError(`Cannot connect to ${name}: no answer within ${timeoutMs} ms`, timeoutMs)),
    );
    const unlisten = onAbort(signal, fail);
    plain.once("error", refuse);
    plain.once("connect", () => {
      if (tls === undefined || context === undefined) return ready();
      socket = wrapClient(plain, context, tls, isUnixAddress(address) ? "localhost" : address.host);
      socket.once("error", refuse);
      socket.once("secureConnect", ready);
    });
  });
}

/** For a socket whose fate is known already: what it adds while it dies is not news. */
function ignore(): void {}

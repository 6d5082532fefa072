import * as net from "node:net";
import { ConnectionError, TimeoutError } from "../base/errors.ts";
import { onAbort } from "../base/abort.ts";
import { systemClock } from "../base/time.ts";
import { type Address, checkAddress, describeAddress, isUnixAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { type TlsOptions, wrapClient } from "./tls.ts";

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
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOENT: "there is no such socket or name",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the name server does not answer",
  ECONNRESET: "the peer hung up during the handshake",
  EACCES: "permission denied",
};

/**
 * Opens a connection.
 *
 * The name is looked up at every call, and all its addresses are tried, so an address change is survived by reconnecting.
 *
 * @throws {ConnectionError} code ERR_CONNECT; {TimeoutError}; `signal.reason` when aborted.
 */
export function connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
  const { timeoutMs = 10_000, signal, keepAliveMs = 30_000 } = options;
  checkAddress(address);
  signal?.throwIfAborted();
  const name = describeAddress(address);
  return new Promise((resolve, reject) => {
    const plain = isUnixAddress(address) ? net.connect({ path: address.path, allowHalfOpen: true }) : net.connect({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      autoSelectFamily: true,
      ...(keepAliveMs > 0 ? { keepAlive: true, keepAliveInitialDelay: keepAliveMs } : {}),
    });
    let socket: net.Socket = plain;
    const host = isUnixAddress(address) ? "localhost" : address.host;
    const finish = () => {
      timer.cancel();
      unlisten();
      socket.removeListener("error", fail);
      plain.removeListener("error", fail);
    };
    const fail = (error: unknown) => {
      finish();
      socket.on("error", () => {}); // the reason is known; what a dying socket adds is not news
      plain.on("error", () => {});
      socket.destroy();
      plain.destroy();
      if (!(error instanceof Error) || !("code" in error) || error instanceof TimeoutError) return reject(error);
      const hint = HINTS[String(error.code)] ?? error.message;
      reject(
        new ConnectionError(`Cannot connect to ${name}: ${hint} (${String(error.code)})`, {
          code: "ERR_CONNECT",
          cause: error,
        }),
      );
    };
    const ready = () => {
      finish();
      resolve(new Connection(socket, name, options.highWaterBytes));
    };
    const timer = systemClock.after(
      timeoutMs,
      () => fail(new TimeoutError(`Cannot connect to ${name}: no answer within ${timeoutMs} ms`, timeoutMs)),
    );
    const unlisten = onAbort(signal, fail);
    plain.once("error", fail);
    plain.once("connect", () => {
      const { tls } = options;
      if (tls === undefined) return ready();
      const wrapped = wrapClient(plain, tls, host);
      socket = wrapped;
      wrapped.once("error", fail);
      wrapped.once("secureConnect", ready);
    });
  });
}

/**
 * Sockets that are connected already, one end a proxy and the other a daemon: the halves of a socket pair, or the `stdio`
 * of a child process. Nobody introduces itself on them.
 *
 * Spec: Pyro4 4.82 `Pyro4/socketserver/existingconnectionserver.py`, and `connected_socket` in `Pyro4/core.py`
 * @module
 */
import type { Socket } from "node:net";
import { UsageError } from "../base/errors.ts";
import { describeAddress, type TlsOptions } from "../net/mod.ts";

/** Stands in the URI of a proxy on such a socket. */
export const CONNECTED_LOCATION = "<<connected-socket>>:0";

/** @throws {UsageError} for a socket that is not connected, and for one without TLS where that is asked for */
export function checkConnectedSocket(socket: Socket | undefined, tls: TlsOptions | undefined): Socket | undefined {
  if (socket === undefined) return undefined;
  if (socket.destroyed || socket.pending || !socket.readable) {
    throw new UsageError(
      `Cannot use connectedSocket: it is ${socket.destroyed || !socket.pending ? "closed" : "not connected yet"}`,
    );
  }
  if (tls !== undefined && !("encrypted" in socket)) {
    throw new UsageError("SSL configured for Pyro but existing socket is not a SSL socket");
  }
  return socket;
}

/** Where a daemon on such a socket says that it is: `host:port`, or `./u:` and no path. */
export function connectedLocation({ localAddress: host, localPort: port = 0 }: Socket): string {
  return host === undefined ? "./u:<<not-bound>>" : describeAddress({ host, port });
}

/** Its other end in messages and logs. */
export function connectedName({ remoteAddress: host, remotePort: port = 0 }: Socket): string {
  return host === undefined ? "the connected socket" : describeAddress({ host, port });
}

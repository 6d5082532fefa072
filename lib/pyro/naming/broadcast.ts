/**
 * Finding a name server by asking the whole network: the only UDP in this library.
 *
 *     client  --- "GET_NSURI" to port 9091 of every broadcast address --->  name servers
 *     client  <-- URI in Latin-1 ---------------------------------------    each that hears it
 *
 * Spec: Pyro4 4.82 `Pyro4/naming.py` `BroadcastServer`, `Pyro4/core.py` `_locateNS`
 * @module
 */
import { Buffer } from "node:buffer";
import * as dgram from "node:dgram";
import { onAbort } from "../../base/abort.ts";
import { asError, ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { type Clock, delay, systemClock } from "../../base/time.ts";
import { Uri } from "../wire/uri.ts";

const REQUEST = Buffer.from("GET_NSURI");
/** Python reads no more of an answer. */
const MAX_ANSWER_BYTES = 100;
const ANY_ADDRESS = "0.0.0.0";
/** What `<broadcast>` means in BROADCAST_ADDRS. */
const BROADCAST_ADDRESS = "255.255.255.255";
const TRIES = 3;
const TRY_MS = 700;
/** Any port does: nothing is sent when a datagram socket is connected. */
const ANY_PORT = 53;

export interface BroadcastResponderOptions {
  /** Address to hear on. Default: all of this machine. */
  readonly host?: string | undefined;
  /** Default 9091; 0 lets the system choose. */
  readonly port?: number | undefined;
  readonly log?: Logger;
}

/**
 * Answers those who look for a name server with its URI; says nothing to anything else.
 *
 * Opens: one UDP socket, which `close` closes.
 */
export class BroadcastResponder {
  readonly #socket: dgram.Socket;
  readonly #uri: Uri;
  readonly #log: Logger;

  private constructor(socket: dgram.Socket, uri: Uri, log: Logger) {
    this.#socket = socket;
    this.#uri = uri;
    this.#log = log;
    socket.on("message", (request, asker) => {
      if (REQUEST.equals(request)) void this.#answer(asker);
    });
    socket.on("error", (error) => log.warn("Broadcast socket failed", { error }));
  }

  /** @throws {ConnectionError} code ERR_LISTEN if the address cannot be had */
  static async start(uri: Uri, options: BroadcastResponderOptions = {}): Promise<BroadcastResponder> {
    const { host, port = 9091, log = silentLogger } = options;
    const socket = await openSocket(host ?? ANY_ADDRESS, port);
    return new BroadcastResponder(socket, uri, log);
  }

  /** `host:port`, as Pyro's name server prints it. */
  get location(): string {
    const { address, port } = this.#socket.address();
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  async #answer(asker: dgram.RemoteInfo): Promise<void> {
    try {
      const answer = Buffer.from((await this.#uriFor(asker.address)).toString(), "latin1");
      this.#socket.send(answer, asker.port, asker.address, (error) => {
        if (error !== null) this.#log.debug("Broadcast answer was not sent", { asker: asker.address, error });
      });
    } catch (error) {
      this.#log.debug("Broadcast request was not answered", { asker: asker.address, error });
    }
  }

  /** A name server that listens everywhere names the address by which the asker reaches it. */
  async #uriFor(asker: string): Promise<Uri> {
    const { protocol, object, host, port } = this.#uri;
    if (host !== ANY_ADDRESS) return this.#uri;
    return new Uri({ protocol, object, port, host: await ownAddressTowards(asker) });
  }
}

export interface BroadcastRequest {
  /** As in BROADCAST_ADDRS; `<broadcast>` and the empty text are understood. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** Asks three times, 0.7 s apart, and resolves with the first URI that comes, or `undefined`. */
export async function broadcastForNameServer(request: BroadcastRequest): Promise<Uri | undefined> {
  const { addresses, port, signal, clock = systemClock } = request;
  signal?.throwIfAborted();
  const socket = await openSocket(ANY_ADDRESS, 0);
  const answered = new Deferred<Uri>();
  socket.on("message", (answer) => {
    try {
      answered.resolve(Uri.parse(answer.toString("latin1", 0, MAX_ANSWER_BYTES)));
    } catch {
      // Somebody else's datagram: the next one may be a name server's.
    }
  });
  socket.on("error", () => {}); // what cannot be sent is not answered, and that shows below
  const stop = new AbortController();
  const unlisten = onAbort(signal, (reason) => stop.abort(reason));
  try {
    for (let left = TRIES; left > 0; left--) {
      for (const address of new Set(addresses.map(plainAddress))) socket.send(REQUEST, port, address, () => {});
      const waited = delay(TRY_MS, { signal: stop.signal, clock }).then(() => undefined);
      const uri = await Promise.race([answered.promise, waited]);
      waited.catch(() => {}); // ended below, once there is an answer
      if (uri !== undefined) return uri;
    }
    return undefined;
  } finally {
    stop.abort();
    unlisten();
    socket.close();
  }
}

function plainAddress(address: string): string {
  return address === "<broadcast>" ? BROADCAST_ADDRESS : address === "" ? ANY_ADDRESS : address;
}

function openSocket(host: string, port: number): Promise<dgram.Socket> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket({ type: host.includes(":") ? "udp6" : "udp4", reuseAddr: true });
    socket.once("error", (cause) => {
      socket.close();
      reject(
        new ConnectionError(`Cannot open the UDP port ${host}:${port}: ${asError(cause).message}`, {
          code: "ERR_LISTEN",
          cause,
        }),
      );
    });
    socket.bind({ address: host, port }, () => {
      socket.removeAllListeners("error");
      if (!host.includes(":")) socket.setBroadcast(true);
      resolve(socket);
    });
  });
}

/** The address of the interface that faces `address`. */
async function ownAddressTowards(address: string): Promise<string> {
  const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    const connected = new Deferred<void>();
    socket.once("error", (error) => connected.reject(error));
    socket.connect(ANY_PORT, address, () => connected.resolve());
    await connected.promise;
    return socket.address().address;
  } finally {
    socket.close();
  }
}

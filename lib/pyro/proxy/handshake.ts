/**
 * Connecting to a daemon: the socket, the greeting, and what the daemon tells about the object.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy.__pyroCreateConnection`
 * @module
 */
import type { Socket } from "node:net";
import { asError, TimeoutError as BaseTimeoutError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { withDeadline } from "../../base/time.ts";
import { connect, Connection } from "../../net/mod.ts";
import { compress, decompress } from "../compression.ts";
import { connectedName } from "../connected_socket.ts";
import { createAuthenticator } from "../hmac.ts";
import type { Annotations } from "../wire/annotations.ts";
import { CommunicationError, ConnectionClosedError, TimeoutError } from "../wire/errors.ts";
import { Flag, type Message, MessageType } from "../wire/message.ts";
import { type Metadata, parseMetadata } from "../wire/metadata.ts";
import type { Serializer, Serializers } from "../wire/serializer.ts";
import type { Uri } from "../wire/uri.ts";
import { DaemonConnection } from "./daemon_connection.ts";
import { addressOf, pythonLocation } from "./location.ts";
import type { ProxySettings } from "./settings.ts";

/** How long connecting may take where the proxy has no timeout: for the socket, and for the daemon's answer. */
const CONNECT_MS = 10_000;
const GREETING_MS = 60_000;

export interface Greeting {
  readonly seq: number;
  readonly annotations: Annotations;
  readonly serializer: Serializer;
  readonly serializers: Serializers;
}

export interface Greeted {
  readonly connection: DaemonConnection;
  /** What the daemon's validator has returned. */
  readonly response: unknown;
  /** Undefined where the daemon was not asked for it. */
  readonly metadata: Metadata | undefined;
  readonly annotations: Annotations;
}

/**
 * Opens a connection and introduces the proxy.
 *
 * @param uri a PYRO uri
 * @throws {CommunicationError} `cannot connect to …`, `connection to … rejected: …`; {TimeoutError}. No
 * connection is left open then.
 */
export async function greet(uri: Uri, settings: ProxySettings, greeting: Greeting): Promise<Greeted> {
  const connection = await openConnection(uri, settings);
  try {
    const reply = await withDeadline(exchange(connection, uri, settings, greeting), {
      timeoutMs: settings.timeoutMs || GREETING_MS,
      what: "be greeted",
      clock: settings.clock,
    });
    const payload = (reply.flags & Flag.compressed) === 0
      ? reply.payload
      : decompress(reply.payload, settings.maxMessageBytes);
    const response = greeting.serializers.byId(reply.serializerId).loads(payload);
    if (reply.type === MessageType.connectFail) {
      throw new CommunicationError(`connection to ${pythonLocation(uri)} rejected: ${String(response)}`);
    }
    const { annotations } = reply;
    if ((reply.flags & Flag.metaOnConnect) === 0 || !isPlainObject(response)) {
      return { connection, response, metadata: undefined, annotations };
    }
    return { connection, response: response["handshake"], metadata: parseMetadata(response["meta"]), annotations };
  } catch (error) {
    void connection.close();
    throw explained(uri, asError(error));
  }
}

/** Takes over the socket that the proxy was given; nobody is greeted. */
export function adoptSocket(uri: Uri, socket: Socket, settings: ProxySettings): DaemonConnection {
  socket.unref(); // as with own connections, it is the calls that keep the process alive
  const connection = new Connection(socket, connectedName(socket));
  return new DaemonConnection(connection, uri.object, settings, createAuthenticator(settings.hmacKey));
}

async function openConnection(uri: Uri, settings: ProxySettings): Promise<DaemonConnection> {
  try {
    const authenticator = createAuthenticator(settings.hmacKey);
    const connection = await connect(addressOf(uri), {
      timeoutMs: settings.timeoutMs || CONNECT_MS,
      tls: settings.tls,
      background: true,
    });
    return new DaemonConnection(connection, uri.object, settings, authenticator);
  } catch (error) {
    throw explained(uri, asError(error));
  }
}

function exchange(
  connection: DaemonConnection,
  uri: Uri,
  settings: ProxySettings,
  { seq, annotations, serializer }: Greeting,
): Promise<Message> {
  const wantsMetadata = settings.config.METADATA;
  const hello = wantsMetadata
    ? { handshake: settings.handshake, object: uri.object }
    : { handshake: settings.handshake };
  const payload = serializer.dumps(hello);
  const compressed = settings.config.COMPRESSION ? compress(payload) : undefined;
  const message: Message = {
    type: MessageType.connect,
    flags: (wantsMetadata ? Flag.metaOnConnect : 0) | (compressed === undefined ? 0 : Flag.compressed),
    seq,
    serializerId: serializer.id,
    annotations,
    payload: compressed ?? payload,
  };
  return new Promise((answered, failed) => {
    connection.send(message, [MessageType.connectOk, MessageType.connectFail], { answered, failed });
  });
}

/**
 * What is no CommunicationError yet becomes one; a proxy's user need not know what else can go wrong on the way. The call
 * that the connection was opened for has certainly not been sent.
 */
function explained(uri: Uri, error: Error): Error {
  if (error instanceof CommunicationError && !error.maybeSent) return error;
  const words = `cannot connect to ${pythonLocation(uri)}: ${error.message}`;
  if (error instanceof ConnectionClosedError) return new ConnectionClosedError(words, { cause: error });
  return error instanceof BaseTimeoutError
    ? new TimeoutError(words, { cause: error })
    : new CommunicationError(words, { cause: error });
}

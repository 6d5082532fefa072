import { LimitError } from "../../base/errors.ts";
import { Tuple } from "../../base/pyvalue.ts";
import { delay, withDeadline } from "../../base/time.ts";
import { NO_ANNOTATIONS } from "../wire/annotations.ts";
import { CommunicationError, ConnectionClosedError, PyroError, TimeoutError } from "../wire/errors.ts";
import { Flag, type Message, MessageType, PING_SERIALIZER_ID } from "../wire/message.ts";
import { type Metadata, NO_METADATA, parseMetadata } from "../wire/metadata.ts";
import type { Serializer, Serializers } from "../wire/serializer.ts";
import type { Uri } from "../wire/uri.ts";
import { type CallOptions, NO_OPTIONS, type Request } from "./call_options.ts";
import { Connections } from "./connections.ts";
import type { DaemonConnection } from "./daemon_connection.ts";
import { adoptSocket, greet } from "./handshake.ts";
import { PendingCall } from "./pending_call.ts";
import { requestAnnotations, requestParts } from "./request_message.ts";
import type { StreamControl } from "./remote_stream.ts";
import type { ProxySettings } from "./settings.ts";

/** Finds the PYRO uri that a name, or a set of tags, stands for. */
export type Resolver = (uri: Uri, settings: ProxySettings) => Promise<Uri>;

const DAEMON_ID = "Pyro.Daemon";
const RESULT = [MessageType.result] as const;
const PONG = [MessageType.ping] as const;
const RECONNECT_MS = 2000;

/**
 * One object of a far daemon: its connections, and the calls that are on their way. What a `Proxy` is made of.
 *
 * Nothing is opened until the first call. A connection that has ended is opened again by the next call; sequence numbers
 * and metadata live on.
 *
 * Opens: the connections, which `release` closes.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy`
 */
export class RemoteObject implements StreamControl {
  readonly settings: ProxySettings;
  readonly #serializers: Serializers;
  readonly #resolve: Resolver;
  readonly #connections: Connections;
  #uri: Uri;
  #resolved: Uri | undefined;
  #metadata: Metadata;
  #seq = 0;
  #adopted: DaemonConnection | undefined; // over the connected socket
  #firstAnnotations = NO_ANNOTATIONS; // of the call that a connection is opened for

  constructor(
    uri: Uri,
    settings: ProxySettings,
    serializers: Serializers,
    resolve: Resolver,
    metadata: Metadata = NO_METADATA,
  ) {
    this.#uri = uri;
    this.settings = settings;
    this.#serializers = serializers;
    this.#resolve = resolve;
    this.#metadata = metadata;
    this.#connections = new Connections(settings.connections, () => this.#open());
  }

  get uri(): Uri {
    return this.#uri;
  }

  /** Empty until the daemon has told. */
  get metadata(): Metadata {
    return this.#metadata;
  }

  get hasMetadata(): boolean {
    return this.#metadata.methods.size > 0 || this.#metadata.attrs.size > 0;
  }

  get isConnected(): boolean {
    return this.#connections.isConnected;
  }

  /** The number of the last request; it goes on over reconnects, from 65535 to 0. */
  get seq(): number {
    return this.#seq;
  }

  set seq(seq: number) {
    this.#seq = seq;
  }

  /** Calls a method, again after a loss or timeout as often as the settings allow. */
  call(
    method: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<unknown> {
    const request: Request = { objectId: "", method, args: Tuple.fromItems(args), kwargs, flags: 0 };
    return this.settings.maxRetries === 0
      ? this.invoke(request, options)
      : this.#retry(() => this.invoke(request, options));
  }

  getAttribute(name: string, options?: CallOptions): Promise<unknown> {
    return this.invoke({ objectId: "", method: "__getattr__", args: Tuple.of(name), kwargs: null, flags: 0 }, options);
  }

  async setAttribute(name: string, value: unknown, options?: CallOptions): Promise<void> {
    const args = Tuple.of<unknown>(name, value);
    await this.invoke({ objectId: "", method: "__setattr__", args, kwargs: null, flags: 0 }, options);
  }

  /** Sends one request and resolves with its result; a oneway request resolves once it was sent. */
  invoke(request: Request, options: CallOptions = NO_OPTIONS): Promise<unknown> {
    const connection = this.#connections.ready();
    if (connection === undefined || options.signal?.aborted) return this.#connectAndSend(request, options);
    return this.#send(connection, request, options);
  }

  /** Connects where there is no connection. @returns false if there was one */
  async bind(options: CallOptions = NO_OPTIONS): Promise<boolean> {
    if (this.isConnected) return false;
    await this.#connect(options);
    this.#uri = this.#resolved ?? this.#uri;
    return true;
  }

  /** Connects if the members are not known yet. */
  async learn(options: CallOptions = NO_OPTIONS): Promise<Metadata> {
    if (!this.hasMetadata) await this.#retry(() => this.#connect(options));
    return this.#metadata;
  }

  /** Ends the connections; calls that wait are rejected. The next call connects again. A connected socket is left as it is. */
  async release(): Promise<void> {
    if (this.settings.connectedSocket !== undefined) return;
    await this.#connections.release();
  }

  /** Connects anew, trying every 2 s. @throws {ConnectionClosedError} `failed to reconnect` */
  async reconnect(tries: number, options: CallOptions = NO_OPTIONS): Promise<void> {
    await this.release();
    for (let left = tries; left > 0; left--) {
      try {
        await this.#connect(options);
        return;
      } catch (error) {
        if (!(error instanceof CommunicationError)) throw error;
        if (left > 1) await delay(RECONNECT_MS, { clock: this.settings.clock, ...signalOf(options) });
      }
    }
    throw new ConnectionClosedError("failed to reconnect");
  }

  /** Asks the daemon for a sign of life. */
  async ping(options: CallOptions = NO_OPTIONS): Promise<void> {
    const connection = await this.#connect(options);
    const message: Message = {
      type: MessageType.ping,
      flags: 0,
      seq: 0,
      serializerId: PING_SERIALIZER_ID,
      annotations: NO_ANNOTATIONS,
      payload: new TextEncoder().encode("ping"),
    };
    const { timeoutMs = this.settings.timeoutMs } = options;
    const pong = new Promise<Message>((answered, failed) => connection.send(message, PONG, { answered, failed }));
    await withDeadline(pong, {
      what: "ping",
      clock: this.settings.clock,
      ...(timeoutMs > 0 ? { timeoutMs } : {}),
      ...signalOf(options),
    });
  }

  /** @throws {ConnectionClosedError} if the proxy was released since; what the far generator throws, StopIteration at its end */
  async nextStreamItem(id: string): Promise<unknown> {
    if (this.#connections.isReleased) {
      throw new ConnectionClosedError("the proxy for this stream result has been closed");
    }
    return await this.invoke(streamRequest("get_next_stream_item", id, 0));
  }

  async closeStream(id: string): Promise<void> {
    if (this.isConnected) await this.invoke(streamRequest("close_stream", id, Flag.oneway));
  }

  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (let left = this.settings.maxRetries;; left--) {
      try {
        return await attempt();
      } catch (error) {
        const mayHelp = error instanceof ConnectionClosedError || error instanceof TimeoutError;
        if (!mayHelp || left === 0) throw error;
      }
    }
  }

  async #connectAndSend(request: Request, options: CallOptions): Promise<unknown> {
    const connection = await this.#connect(options);
    return await this.#send(connection, request, options);
  }

  async #connect(options: CallOptions): Promise<DaemonConnection> {
    options.signal?.throwIfAborted();
    this.#firstAnnotations = requestAnnotations(options);
    return await withDeadline(this.#connections.get(), { what: `reach ${this.#uri}`, ...signalOf(options) });
  }

  #send(connection: DaemonConnection, request: Request, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { message, serializer } = this.#message(connection, request, options);
      if ((message.flags & Flag.oneway) !== 0) {
        connection.send(message, RESULT, undefined);
        const sent = () => resolve(null);
        connection.drained().then(sent, sent); // whether it arrives is nobody's business
        return;
      }
      const { method } = request;
      if (connection.inFlight >= this.settings.maxInFlight) {
        throw new LimitError(
          `Cannot call ${method}: ${connection.inFlight} calls wait for their answers; await some of them first`,
        );
      }
      const call = new PendingCall(
        { method, connection, serializer, options, settings: this.settings, streams: this },
        resolve,
        reject,
      );
      const pending = connection.send(message, RESULT, call);
      if (pending !== undefined) call.watch(pending);
    });
  }

  #message(
    connection: DaemonConnection,
    request: Request,
    options: CallOptions,
  ): { message: Message; serializer: Serializer } {
    const { config } = this.settings;
    const { serializer, flags, annotations, payload } = requestParts(
      request.objectId || connection.objectId,
      request,
      this.#serializer(),
      this.#serializers,
      options,
      config.COMPRESSION,
    );
    this.#seq = (this.#seq + 1) & 0xffff;
    const message: Message = {
      type: MessageType.invoke,
      flags: this.#metadata.oneway.has(request.method) ? flags | Flag.oneway : flags,
      seq: this.#seq,
      serializerId: serializer.id,
      annotations,
      payload,
    };
    return { message, serializer };
  }

  #serializer(): Serializer {
    return this.#serializers.byName(this.settings.serializer ?? this.settings.config.SERIALIZER);
  }

  async #open(): Promise<DaemonConnection> {
    const { settings } = this;
    if (settings.connectedSocket === undefined) return await this.#openAndGreet();
    this.#adopted ??= adoptSocket(this.#uri, settings.connectedSocket, settings);
    if (!this.#adopted.isOpen) {
      throw new CommunicationError(
        `cannot connect to ${this.#uri}: the connected socket has ended, and only its owner can make another`,
      );
    }
    await this.#learn(this.#adopted);
    return this.#adopted;
  }

  async #openAndGreet(): Promise<DaemonConnection> {
    const { settings } = this;
    const uri = await this.#resolve(this.#uri, settings);
    const serializer = this.#serializer();
    const greeting = {
      seq: this.#seq,
      annotations: this.#firstAnnotations,
      serializer,
      serializers: this.#serializers,
    };
    const { connection, response, metadata } = await greet(uri, settings, greeting);
    try {
      if (metadata !== undefined) this.#metadata = checked(metadata);
      settings.validateHandshake(response, connection.certificate);
      await this.#learn(connection);
    } catch (error) {
      void connection.close();
      throw error;
    }
    this.#resolved = uri;
    return connection;
  }

  /** Asks for the object's members where the handshake did not tell them. */
  async #learn(connection: DaemonConnection): Promise<void> {
    if (!this.settings.config.METADATA || this.hasMetadata) return;
    const args = [connection.objectId];
    const request = { objectId: DAEMON_ID, method: "get_metadata", args, kwargs: {}, flags: 0 };
    this.#metadata = checked(parseMetadata(await this.#send(connection, request, NO_OPTIONS)));
  }
}

/** A request to the daemon itself, about a stream; its arguments travel as a list. */
function streamRequest(method: string, id: string, flags: number): Request {
  return { objectId: DAEMON_ID, method, args: [id], kwargs: {}, flags };
}

function checked(metadata: Metadata): Metadata {
  if (metadata.methods.size > 0 || metadata.attrs.size > 0) return metadata;
  throw new PyroError(
    "remote object doesn't expose any methods or attributes. Did you forget setting @expose on them?",
  );
}

function signalOf({ signal }: CallOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

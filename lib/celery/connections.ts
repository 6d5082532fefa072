import { ConnectionError } from "../base/errors.ts";
import type { ResultBackend } from "./backend/backend.ts";
import type { Transport } from "./transport/transport.ts";

/** How connections are made, each time one is needed. */
export interface ConnectionMakers {
  /** Of the app, for errors. */
  readonly name: string;
  transport(): Promise<Transport>;
  backend(): Promise<ResultBackend>;
}

/**
 * The connections that an app publishes and reads results over: one of each, opened on first use.
 *
 * Opens: a transport and a result backend. `close` ends both, and nothing is opened after it.
 */
export class Connections {
  readonly #makers: ConnectionMakers;
  #transport: Promise<Transport> | undefined;
  #liveTransport: Transport | undefined;
  #backend: Promise<ResultBackend> | undefined;
  #liveBackend: ResultBackend | undefined;
  #closing: Promise<void> | undefined;

  constructor(makers: ConnectionMakers) {
    this.#makers = makers;
  }

  /** The transport, if it is open already. */
  get liveTransport(): Transport | undefined {
    return this.#liveTransport?.state.kind === "closed" ? undefined : this.#liveTransport;
  }

  /** The transport; a new one where the last has given up. */
  transport(): Promise<Transport> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    if (this.#liveTransport?.state.kind === "closed") this.#transport = this.#liveTransport = undefined;
    this.#transport ??= this.#makers.transport().then((transport) => this.#liveTransport = transport);
    this.#transport.catch(() => this.#transport = undefined); // the next use tries again
    return this.#transport;
  }

  /** The backend; a new one where the last has given up. */
  backend(): Promise<ResultBackend> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    if (this.#liveBackend?.hasGivenUp === true) {
      this.#liveBackend.close().catch(() => {}); // whoever used it was told why
      this.#backend = this.#liveBackend = undefined;
    }
    this.#backend ??= this.#makers.backend().then((backend) => this.#liveBackend = backend);
    this.#backend.catch(() => this.#backend = undefined); // the next use tries again
    return this.#backend;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const transport = await this.#transport?.catch(() => undefined); // one that never opened is closed
    const backend = await this.#backend?.catch(() => undefined);
    await Promise.all([transport?.close(), backend?.close()]);
  }

  #closed(): ConnectionError {
    return new ConnectionError(`Cannot use the app ${this.#makers.name}: it was closed`);
  }
}

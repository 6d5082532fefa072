import type { KeywordArguments } from "../kwargs.ts";
import type { Uri } from "../wire/uri.ts";
import type { CallOptions } from "./call_options.ts";
import type { RemoteStream } from "./remote_stream.ts";

/** A far object of which nothing is known: any method may be tried. */
export interface Untyped {
  [method: string]: (...args: unknown[]) => unknown;
}

/** What a far method's result arrives as: generators as streams, promises as what they promise. */
export type RemoteResult<R> = Awaited<R> extends
  | Iterator<infer Item, unknown, unknown>
  | AsyncIterator<infer Item, unknown, unknown> ? RemoteStream<Item>
  : Awaited<R>;

/** A far method: its own arguments, or any with `kwargs({ … })` behind them. */
export interface RemoteMethod<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>;
  (...args: [...unknown[], KeywordArguments]): Promise<Result>;
}

/** A far object by its interface: methods become asynchronous, everything else is read by `await proxy.name`. */
export type RemoteMembers<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer Args) => infer R ? RemoteMethod<Args, RemoteResult<R>>
    : Promise<T[K]>;
};

/** What a proxy has of its own; all names begin with `_pyro`, as in Python. */
export interface ProxyControls<T extends object> {
  readonly _pyroUri: Uri;
  /** Names that the daemon has told; empty before the first connection. */
  readonly _pyroMethods: ReadonlySet<string>;
  readonly _pyroOneway: ReadonlySet<string>;
  readonly _pyroAttrs: ReadonlySet<string>;
  /** True while there is a connection. */
  readonly _pyroConnected: boolean;
  /** Number of the last request, 0 to 65535. May be assigned while no call waits for its answer. */
  _pyroSeq: number;
  /** Seconds that connecting and each call may take; null: as long as it takes. May be assigned. */
  _pyroTimeout: number | null;
  /** How often a method call is repeated after a loss or timeout. May be assigned. */
  _pyroMaxRetries: number;
  /** Name of the serializer; null: the configured one. May be assigned. */
  _pyroSerializer: string | null;
  /** What the daemon's validator gets to see. May be assigned, before the connection is made. */
  _pyroHandshake: unknown;
  /** The secret that the daemon shares. May be assigned, before the connection is made. */
  _pyroHmacKey: string | Uint8Array | null;

  /** Connects now, and replaces a name by the address it stands for. @returns false if there was a connection */
  _pyroBind(): Promise<boolean>;
  /** Closes the connection; the next call opens another. */
  _pyroRelease(): Promise<void>;
  /** Connects anew, trying every 2 s, `tries` times (default: 100 million, as Python). */
  _pyroReconnect(tries?: number): Promise<void>;
  /** Asks the daemon for a sign of life on the connection. */
  _pyroPing(): Promise<void>;
  /** Calls by name, without a look at the metadata. */
  _pyroInvoke(method: string, args?: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>): Promise<unknown>;
  _pyroGetAttribute<K extends keyof T & string>(name: K): Promise<T[K]>;
  /** Writes an attribute. A plain assignment to the proxy could not be awaited, and is refused. */
  _pyroSetAttribute<K extends keyof T & string>(name: K, value: T[K]): Promise<void>;
  /** The same object, on the same connection, with other options for its calls. */
  _pyroWith(options: CallOptions): Proxy<T>;
  /** Same as `_pyroRelease`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A far object as if it were here. */
export type Proxy<T extends object = Untyped> = RemoteMembers<T> & ProxyControls<T>;

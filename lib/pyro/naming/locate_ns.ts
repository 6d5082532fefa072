import { isPlainObject } from "../../base/pyvalue.ts";
import { config as defaultConfig } from "../env.ts";
import { createProxy } from "../proxy/proxy.ts";
import type { Proxy } from "../proxy/proxy_types.ts";
import type { ProxyOptions } from "../proxy/settings.ts";
import { isStringList } from "../wire/checks.ts";
import { NamingError } from "../wire/errors.ts";
import { Uri } from "../wire/uri.ts";
import { locate, type Whereabouts } from "./locate.ts";

/** A set of tags as it may be passed: all three travel. */
export type Tags = readonly string[] | ReadonlySet<string> | null;

/**
 * The name server as its proxies show it. Parameters have Python's names: `ns.list(kwargs({ prefix: "a." }))`. What
 * `return_metadata` changes the shape of is `namesWithTags` and `uriWithTags`.
 */
export interface RemoteNameServer {
  count(): number;
  ping(): void;
  lookup(name: string): Uri;
  register(name: string, uri: string | Uri, safe?: boolean, metadata?: Tags): void;
  set_metadata(name: string, metadata: Tags): void;
  /** How many names were removed. */
  remove(name?: string | null, prefix?: string | null, regex?: string | null): number;
  /** URIs by name. At most one filter may be given. */
  list(
    prefix?: string | null,
    regex?: string | null,
    metadata_all?: Tags,
    metadata_any?: Tags,
  ): Record<string, string>;
}

export interface LocateOptions extends Omit<Whereabouts, "host" | "port" | "clock"> {
  readonly hmacKey?: string | Uint8Array | undefined;
  /** Options of the proxy. */
  readonly proxy?: ProxyOptions;
}

/**
 * Finds the name server: at `host` and `port`, or on this machine, or by broadcast, or at NS_HOST and NS_PORT.
 *
 * @param host host name or address, or `./u:path` for a unix socket
 * @returns a proxy that is connected
 * @throws {NamingError} `Failed to locate the nameserver`
 */
export function locateNS(
  host?: string,
  port?: number,
  options: LocateOptions = {},
): Promise<Proxy<RemoteNameServer>> {
  const { hmacKey, broadcast, signal } = options;
  const config = { ...defaultConfig, ...options.proxy?.config };
  return locate({ host, port, broadcast, signal }, config, async (uri) => {
    const proxy = createProxy<RemoteNameServer>(uri, { ...options.proxy, hmacKey });
    await proxy._pyroWith(signal === undefined ? {} : { signal })._pyroBind();
    return proxy;
  });
}

/** One registration, with its tags. */
export interface Tagged {
  readonly uri: string;
  readonly tags: readonly string[];
}

/** A name's URI and tags. @throws {NamingError} `unknown name: …` */
export async function uriWithTags(nameServer: Proxy<RemoteNameServer>, name: string): Promise<Tagged> {
  return taggedOf(await nameServer._pyroInvoke("lookup", [name], { return_metadata: true }));
}

/** Names with their URIs and tags, in the name server's order. @param filter as for `list`, at most one */
export async function namesWithTags(
  nameServer: Proxy<RemoteNameServer>,
  filter: Readonly<Record<string, unknown>> = {},
): Promise<Map<string, Tagged>> {
  const found = await nameServer._pyroInvoke("list", [], { ...filter, return_metadata: true });
  if (!isPlainObject(found)) throw new NamingError("Cannot list names: the name server's answer is no dict");
  return new Map(Object.entries(found).map(([name, value]) => [name, taggedOf(value)]));
}

function taggedOf(value: unknown): Tagged {
  const [uri, tags] = Array.isArray(value) ? value as unknown[] : [];
  const list = tags instanceof Set ? [...tags] : tags;
  if ((typeof uri === "string" || uri instanceof Uri) && isStringList(list)) return { uri: String(uri), tags: list };
  throw new NamingError("Cannot read a registration: the name server's answer is no URI with tags");
}

/**
 * Where the name server is.
 *
 * With a host: there. Without one: on this machine, if NS_HOST is this machine; then whoever answers a broadcast; then at
 * NS_HOST itself.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_locateNS`
 * @module
 */
import { ConnectionError } from "../../base/errors.ts";
import type { Clock } from "../../base/time.ts";
import { parseAddresses, type PyroConfig } from "../config.ts";
import { NamingError, PyroError } from "../wire/errors.ts";
import { Uri } from "../wire/uri.ts";
import { broadcastForNameServer } from "./broadcast.ts";
import { NAME_SERVER_NAME } from "./name_server.ts";

export interface Whereabouts {
  /** Host name or address, or `./u:path` for a unix socket. */
  readonly host?: string | undefined;
  /** Default: NS_PORT. Without a host also the port to broadcast to, whose default is NS_BCPORT. */
  readonly port?: number | undefined;
  /** False asks nobody by broadcast. Default true. */
  readonly broadcast?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/**
 * Looks for the name server and connects to it.
 *
 * @param open connects; what it resolves with is returned. A PyroError of its means: not there
 * @throws {NamingError} `Failed to locate the nameserver`; `signal.reason`
 */
export async function locate<T>(where: Whereabouts, config: PyroConfig, open: (uri: Uri) => Promise<T>): Promise<T> {
  const { host, port, broadcast = true, signal } = where;
  if (host !== undefined) return await openOrFail(uriAt(host, port ?? config.NS_PORT), open);
  for (const local of localHosts(config.NS_HOST)) {
    const found = await openOrNothing(uriAt(local, port ?? config.NS_PORT), open);
    if (found !== undefined) return found.value;
    signal?.throwIfAborted();
  }
  if (broadcast && config.PREFER_IP_VERSION !== 6) {
    const uri = await askEverybody(where, config);
    const found = uri === undefined ? undefined : await openOrNothing(uri, open);
    if (found !== undefined) return found.value;
  }
  return await openOrFail(uriAt(config.NS_HOST, config.NS_PORT), open);
}

/** This machine's addresses that are worth a try; Debian gives the host name 127.0.1.1. */
function localHosts(host: string): readonly string[] {
  if (host === "::1") return [host];
  if (host !== "localhost" && !host.startsWith("127.")) return [];
  return host === "127.0.1.1" ? [host] : [host, "127.0.1.1"];
}

function uriAt(host: string, port: number): Uri {
  const isBareIpv6 = host.includes(":") && !host.startsWith("[") && !host.startsWith("./u:");
  const location = host.startsWith("./u:") ? host : `${isBareIpv6 ? `[${host}]` : host}:${port}`;
  return Uri.ofObject(NAME_SERVER_NAME, location);
}

async function askEverybody(where: Whereabouts, config: PyroConfig): Promise<Uri | undefined> {
  const { port, signal, clock } = where;
  try {
    return await broadcastForNameServer({
      addresses: parseAddresses(config.BROADCAST_ADDRS),
      port: port || config.NS_BCPORT,
      signal,
      ...(clock === undefined ? {} : { clock }),
    });
  } catch (error) {
    if (error instanceof ConnectionError) return undefined; // no UDP on this machine
    throw error;
  }
}

async function openOrNothing<T>(uri: Uri, open: (uri: Uri) => Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await open(uri) };
  } catch (error) {
    if (error instanceof PyroError) return undefined;
    throw error;
  }
}

async function openOrFail<T>(uri: Uri, open: (uri: Uri) => Promise<T>): Promise<T> {
  try {
    return await open(uri);
  } catch (cause) {
    if (!(cause instanceof PyroError)) throw cause;
    throw new NamingError("Failed to locate the nameserver", { cause });
  }
}

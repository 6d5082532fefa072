/**
 * Pyro's addresses.
 *
 *     PYRO:object@host:port        PYRO:object@[ipv6]:port        PYRO:object@./u:socketPath
 *     PYRONAME:name[@location]     look the name up at a name server
 *     PYROMETA:tag,tag[@location]  any object that is registered with all the tags
 *
 * The protocol is read in any case; the first `@` ends the object. Error texts are Python's.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `URI`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Tuple } from "../../base/pyvalue.ts";
import { isStringList } from "./checks.ts";
import { PyroError } from "./errors.ts";

/** Where a PYRONAME or PYROMETA location without a port means, unless the environment says otherwise. */
export const DEFAULT_NS_PORT = 9090;

export const URI_CLASS = "Pyro4.core.URI";

export type UriProtocol = "PYRO" | "PYRONAME" | "PYROMETA";

/** The parts of a URI; `host` and `port` are absent together, and absent where there is a `sockname`. */
export interface UriParts {
  readonly protocol: UriProtocol;
  /** Object id, name, or for PYROMETA the tags joined by commas. */
  readonly object: string;
  /** Path of a unix socket; one that starts with NUL lives in Linux's abstract name space. */
  readonly sockname?: string | undefined;
  /** Host name or address; IPv6 without brackets. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

const SHAPE = /^([Pp][Yy][Rr][Oo][a-zA-Z]*):(\S+?)(?:@([^\n]+))?\n?$/;
const IPV6 = /^\[([0-9a-fA-F:%]+)\](?::(\d+))?/;
/** What Python's `int()` reads. */
const WHOLE_NUMBER = /^\s*[+-]?\d+(?:_\d+)*\s*$/;

/** An immutable Pyro address. */
export class Uri implements UriParts {
  readonly protocol: UriProtocol;
  readonly object: string;
  readonly sockname: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;

  constructor(parts: UriParts) {
    this.protocol = parts.protocol;
    this.object = parts.protocol === "PYROMETA" ? tagsOf(parts.object).join(",") : parts.object;
    this.sockname = parts.sockname;
    this.host = parts.host;
    this.port = parts.port;
    Object.freeze(this);
  }

  /**
   * @param nsPort port of PYRONAME and PYROMETA locations that name none; default 9090
   * @throws {PyroError} `invalid uri` and what is wrong with it, in Python's words
   */
  static parse(text: string, nsPort = DEFAULT_NS_PORT): Uri {
    const match = SHAPE.exec(text);
    if (match === null) throw new PyroError("invalid uri");
    const [, name = "", object = "", location] = match;
    const protocol = name.toUpperCase();
    if (protocol === "PYRO") {
      if (location === undefined) throw new PyroError("invalid uri");
      return new Uri({ protocol, object, ...parseLocation(location, undefined) });
    }
    if (protocol !== "PYRONAME" && protocol !== "PYROMETA") throw new PyroError("invalid uri (protocol)");
    return new Uri({ protocol, object, ...(location === undefined ? {} : parseLocation(location, nsPort)) });
  }

  /** Returns `uri` itself, or the one that a text stands for. @throws what `parse` throws */
  static of(uri: Uri | string): Uri {
    return uri instanceof Uri ? uri : Uri.parse(uri);
  }

  /** Builds the URI of an object of a daemon: `location` is `host:port`, `[ipv6]:port` or `./u:path`. */
  static ofObject(objectId: string, location: string): Uri {
    return new Uri({ protocol: "PYRO", object: objectId, ...parseLocation(location, undefined) });
  }

  /** Reads the state of a class dict: protocol, object, sockname, host, port. @throws {PyroError} if it is none */
  static fromState(state: unknown): Uri {
    const [protocol, object, sockname, host, port] = Array.isArray(state) ? state as unknown[] : [];
    const tags = object instanceof Set ? [...object] : object;
    const text = protocol === "PYROMETA" && isStringList(tags) ? tags.join(",") : object;
    const isAbsentOr = (value: unknown, type: "string" | "number") => value === null || typeof value === type;
    if (
      (protocol !== "PYRO" && protocol !== "PYRONAME" && protocol !== "PYROMETA") || typeof text !== "string" ||
      !isAbsentOr(sockname, "string") || !isAbsentOr(host, "string") || !isAbsentOr(port, "number")
    ) {
      throw new PyroError("invalid uri (its state is not protocol, object, sockname, host, port)");
    }
    return new Uri({
      protocol,
      object: text,
      sockname: typeof sockname === "string" ? sockname : undefined,
      host: typeof host === "string" ? host : undefined,
      port: typeof port === "number" ? port : undefined,
    });
  }

  /** The tags of a PYROMETA uri; empty for the others. */
  get tags(): readonly string[] {
    return this.protocol === "PYROMETA" ? tagsOf(this.object) : [];
  }

  /** `host:port`, `[ipv6]:port`, `./u:path`, or undefined where the name server is still to be found. */
  get location(): string | undefined {
    if (this.host) return this.host.includes(":") ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
    return this.sockname ? `./u:${this.sockname}` : undefined;
  }

  /** The five parts as Python sends them. */
  get state(): Tuple {
    const object = this.protocol === "PYROMETA" ? new Set(this.tags) : this.object;
    return Tuple.of<unknown>(this.protocol, object, this.sockname ?? null, this.host ?? null, this.port ?? null);
  }

  equals(other: Uri): boolean {
    const { protocol, sockname, host, port } = this;
    return protocol === other.protocol && sockname === other.sockname && host === other.host && port === other.port &&
      (protocol === "PYROMETA" ? isSameSet(this.tags, other.tags) : this.object === other.object);
  }

  /** The text form; a location always shows its port. */
  toString(): string {
    const { location } = this;
    return `${this.protocol}:${this.object}${location === undefined ? "" : `@${location}`}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

function tagsOf(object: string): string[] {
  return [...new Set(object.split(",").map((tag) => tag.trim()))];
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function parseLocation(
  location: string,
  defaultPort: number | undefined,
): { sockname: string } | { host: string; port: number } {
  if (location.startsWith("./u:")) {
    const sockname = location.slice(4);
    if (sockname === "" || sockname.includes(":")) throw new PyroError("invalid uri (location)");
    return { sockname };
  }
  if (!location.startsWith("[")) {
    const colon = location.indexOf(":");
    if (colon === -1) return { host: location, port: parsePort(undefined, defaultPort) };
    return { host: location.slice(0, colon), port: parsePort(location.slice(colon + 1), defaultPort) };
  }
  if (location.startsWith("[[")) throw new PyroError("invalid ipv6 address: enclosed in too many brackets");
  const match = IPV6.exec(location);
  if (match === null) {
    throw new PyroError("invalid ipv6 address: the part between brackets must be a numeric ipv6 address");
  }
  return { host: match[1] ?? "", port: parsePort(match[2], defaultPort) };
}

function parsePort(text: string | undefined, defaultPort: number | undefined): number {
  if (text === undefined || text === "") {
    if (defaultPort === undefined) throw new PyroError("invalid port in uri, port=None");
    return defaultPort;
  }
  if (!WHOLE_NUMBER.test(text)) throw new PyroError(`invalid port in uri, port=${text}`);
  return Number(text.replaceAll("_", ""));
}

/**
 * URLs that name a Redis server, read as kombu and Celery's result backend read them.
 *
 *     redis://[user][:password]@host[:port][/db][?option=value]
 *     rediss://…                                   TLS; ssl_cert_reqs=none switches verification off
 *     redis+socket:///run/redis.sock?virtual_host=2       also socket://, and redis-py's unix:///run/redis.sock?db=2
 *     sentinel://host[:26379][/db]                 a sentinel that knows the server
 *
 * Spec: kombu 5.6 kombu/utils/url.py, kombu/transport/redis.py `_connparams` · celery 5.6 celery/backends/redis.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { redactUrl } from "../../base/log.ts";

/** How to wrap the connection in TLS; files are named, not read. */
export interface RedisTlsUrl {
  /** False accepts any certificate (`ssl_cert_reqs=none`). Default true: safer than kombu, which verifies only on request. */
  readonly verify: boolean;
  /** `ssl_check_hostname`. Default true. */
  readonly checkHostname: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface RedisUrl {
  readonly kind: "server" | "sentinel";
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: RedisTlsUrl;
  /** Everything behind `?` that is none of the above, percent-decoded. */
  readonly query: ReadonlyMap<string, string>;
  /** As kombu prints it, with `**` for the password: `redis://:**@localhost:6379//`. */
  readonly text: string;
}

const SCHEMES: ReadonlyMap<string, "tcp" | "tls" | "socket" | "sentinel"> = new Map([
  ["redis", "tcp"],
  ["rediss", "tls"],
  ["redis+socket", "socket"],
  ["socket", "socket"],
  ["unix", "socket"],
  ["sentinel", "sentinel"],
]);
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;
const PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::([^/?#]*))?([^?#]*)(?:\?([^#]*))?/i;

/** @throws {UsageError} naming the part that is wrong, never with the password. */
export function parseRedisUrl(url: string): RedisUrl {
  const match = PARTS.exec(url.trim());
  const refuse = (why: string): never => {
    const shown = match?.[2] === undefined ? redactUrl(url) : url.replace(`${match[2]}@`, "**@");
    throw new UsageError(`Cannot use the Redis URL ${shown}: ${why}`);
  };
  if (match === null) return refuse("expected redis://[user:password@]host[:port][/db]");
  const scheme = (match[1] ?? "").toLowerCase();
  const form = SCHEMES.get(scheme) ?? refuse(`its scheme is none of ${[...SCHEMES.keys()].join(", ")}`);
  const colon = (match[2] ?? "").indexOf(":");
  const username = unquote(colon === -1 ? match[2] ?? "" : (match[2] ?? "").slice(0, colon));
  const password = colon === -1 ? "" : unquote((match[2] ?? "").slice(colon + 1));
  const host = unquote((match[3] ?? "").replace(/^\[|\]$/g, "")).toLowerCase();
  const path = unquote((match[5] ?? "").replace(/^\//, ""));
  const query = parseQuery(match[6] ?? "");
  const credentials = { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  const login = username === "" && password === "" ? "" : `${encodeURIComponent(username)}${password && ":**"}@`;

  if (form === "socket") {
    if (path === "") return refuse("it names no socket file");
    const db = parseDb(query.get("virtual_host") ?? query.get("db"), refuse);
    query.delete("virtual_host");
    query.delete("db");
    const text = `redis+socket://${login}/${path}`;
    return { kind: "server", address: { path: `/${path}` }, ...credentials, db, query, text };
  }

  const port = parsePort(match[4], form === "sentinel" ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT, refuse);
  const db = parseDb(query.get("virtual_host") ?? path, refuse);
  query.delete("virtual_host");
  const tls = takeTls(query, refuse);
  if (form === "tcp" && tls.named) return refuse("it has ssl_ options, so its scheme must be rediss://");
  return {
    kind: form === "sentinel" ? "sentinel" : "server",
    address: { host: host || "127.0.0.1", port },
    ...credentials,
    db,
    ...(form === "tls" || (form === "sentinel" && tls.named) ? { tls: tls.options } : {}),
    query,
    text: `${scheme}://${login}${host.includes(":") ? `[${host}]` : host || "localhost"}:${port}/${path || "/"}`,
  };
}

/** Reads a list of URLs apart by `;`, as `broker_url` may be: the first is preferred, the others are for failover. */
export function parseRedisUrls(urls: string | readonly string[]): RedisUrl[] {
  const list = typeof urls === "string" ? urls.split(";") : urls.flatMap((url) => url.split(";"));
  const parsed = list.filter((url) => url.trim() !== "").map(parseRedisUrl);
  if (parsed.length === 0) throw new UsageError("Cannot use the Redis URL: it is empty");
  return parsed;
}

type Refuse = (why: string) => never;

/** Python's `unquote`: what is no valid escape stays as it is. */
function unquote(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % or bytes that are no UTF-8
  }
}

function parseQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) if (value !== "") query.set(name, value);
  return query;
}

function parsePort(text: string | undefined, otherwise: number, refuse: Refuse): number {
  if (text === undefined || text === "") return otherwise;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port >= 1 && port <= 65_535 ? port : refuse(`its port is ${JSON.stringify(text)}, expected 1 to 65535`);
}

function parseDb(text: string | undefined, refuse: Refuse): number {
  const digits = (text ?? "").replace(/^\//, "");
  if (digits === "") return 0;
  if (!/^\d{1,9}$/.test(digits)) return refuse(`Database is int between 0 and limit - 1, not ${digits}`);
  return Number(digits);
}

function takeTls(query: Map<string, string>, refuse: Refuse): { named: boolean; options: RedisTlsUrl } {
  const named = [...query.keys()].some((name) => name.startsWith("ssl_"));
  const take = (name: string) => {
    const value = query.get(name);
    query.delete(name);
    return value;
  };
  const requirement = (take("ssl_cert_reqs") ?? "required").replace(/^CERT_/, "").toLowerCase();
  if (!["required", "optional", "none"].includes(requirement)) {
    refuse(`ssl_cert_reqs is ${requirement}, expected CERT_REQUIRED, CERT_OPTIONAL, or CERT_NONE`);
  }
  const [caFile, certFile, keyFile] = [take("ssl_ca_certs"), take("ssl_certfile"), take("ssl_keyfile")];
  return {
    named,
    options: {
      verify: requirement !== "none",
      checkHostname: !/^(?:false|no|0)$/i.test(take("ssl_check_hostname") ?? "true"),
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    },
  };
}

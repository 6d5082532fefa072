/**
 * Pyro's configuration items, by Python's names, in Python's units (seconds, bytes).
 *
 * A daemon or proxy reads them once, when it is built; its own options come first. `Pyro.config` (`env.ts`) is the set
 * that is used where none is handed in.
 *
 * Three defaults differ from Python's, because an event loop has other limits than a pool of threads: MAX_MESSAGE_SIZE
 * is 256 MiB instead of none, THREADPOOL_SIZE (connections at a time) 10000 instead of 40, and SOCK_NODELAY is always on.
 *
 * Spec: Pyro4 4.82 `Pyro4/configuration.py`
 * @module
 */
import { UsageError } from "../base/errors.ts";

export interface PyroConfig {
  /** Host that daemons bind, and that stands in their URIs. */
  HOST: string;
  NS_HOST: string;
  NS_PORT: number;
  /** Where the name server answers broadcasts; null: an address it finds itself. */
  NS_BCHOST: string | null;
  NS_BCPORT: number;
  /** Seconds between sweeps for dead registrations, at least 3; 0: off. */
  NS_AUTOCLEAN: number;
  /** Host and port that stand in URIs instead of the daemon's own, for clients behind a NAT. */
  NATHOST: string | null;
  NATPORT: number;
  /** Comma list of the addresses that `locateNS` broadcasts to; `''` is the empty text. */
  BROADCAST_ADDRS: string;
  /** 4, 6, or 0 for the system's choice. */
  PREFER_IP_VERSION: number;
  /** Accepted and reported; there is one kind of server here, which is both. */
  SERVERTYPE: string;
  /** Connections that a daemon serves at a time; more are told `no free workers`. */
  THREADPOOL_SIZE: number;
  THREADPOOL_SIZE_MIN: number;
  /** Seconds that either side waits for the other's bytes, between calls too on a daemon; 0: for ever. */
  COMMTIMEOUT: number;
  /** Seconds between two rounds of housekeeping. */
  POLLTIMEOUT: number;
  COMPRESSION: boolean;
  /** Payload and annotations together, in bytes, both ways; 0: 2 GiB - 1. */
  MAX_MESSAGE_SIZE: number;
  /** How often a proxy repeats a call whose connection broke or timed out; such calls may be carried out twice. */
  MAX_RETRIES: number;
  SERIALIZER: string;
  /** What daemons read, as a comma list. */
  SERIALIZERS_ACCEPTED: string;
  PICKLE_PROTOCOL_VERSION: number;
  DILL_PROTOCOL_VERSION: number;
  JSON_MODULE: string;
  /** Proxies fetch the list of members when they connect, and know names only from it. */
  METADATA: boolean;
  /** Off: all public members of registered objects can be called. */
  REQUIRE_EXPOSE: boolean;
  /** Registered objects in results and arguments travel as proxies. */
  AUTOPROXY: boolean;
  /** Off: calls after a oneway call wait until it has ended. */
  ONEWAY_THREADED: boolean;
  ITER_STREAMING: boolean;
  /** Seconds after which a stream is dropped, counted from its beginning; 0: never. */
  ITER_STREAM_LIFETIME: number;
  /** Seconds that a stream outlives its connection, so that a reconnecting client can go on. */
  ITER_STREAM_LINGER: number;
  /** On: tracebacks name the local values too, in Python; here it changes nothing. */
  DETAILED_TRACEBACK: boolean;
  /** Every message is logged at level debug. */
  LOGWIRE: boolean;
  SOCK_REUSE: boolean;
  SOCK_NODELAY: boolean;
  USE_MSG_WAITALL: boolean;
  FLAME_ENABLED: boolean;
  SSL: boolean;
  /** Names of PEM files. */
  SSL_SERVERCERT: string;
  SSL_SERVERKEY: string;
  SSL_SERVERKEYPASSWD: string;
  SSL_CLIENTCERT: string;
  SSL_CLIENTKEY: string;
  SSL_CLIENTKEYPASSWD: string;
  SSL_CACERTS: string;
  SSL_REQUIRECLIENTCERT: boolean;
}

export const DEFAULT_CONFIG: Readonly<PyroConfig> = Object.freeze({
  HOST: "localhost",
  NS_HOST: "localhost",
  NS_PORT: 9090,
  NS_BCHOST: null,
  NS_BCPORT: 9091,
  NS_AUTOCLEAN: 0,
  NATHOST: null,
  NATPORT: 0,
  BROADCAST_ADDRS: "<broadcast>, 0.0.0.0",
  PREFER_IP_VERSION: 4,
  SERVERTYPE: "thread",
  THREADPOOL_SIZE: 10_000,
  THREADPOOL_SIZE_MIN: 4,
  COMMTIMEOUT: 0,
  POLLTIMEOUT: 2,
  COMPRESSION: false,
  MAX_MESSAGE_SIZE: 256 * 1024 * 1024,
  MAX_RETRIES: 0,
  SERIALIZER: "serpent",
  SERIALIZERS_ACCEPTED: "serpent,marshal,json",
  PICKLE_PROTOCOL_VERSION: 5,
  DILL_PROTOCOL_VERSION: -1,
  JSON_MODULE: "json",
  METADATA: true,
  REQUIRE_EXPOSE: true,
  AUTOPROXY: true,
  ONEWAY_THREADED: true,
  ITER_STREAMING: true,
  ITER_STREAM_LIFETIME: 0,
  ITER_STREAM_LINGER: 30,
  DETAILED_TRACEBACK: false,
  LOGWIRE: false,
  SOCK_REUSE: true,
  SOCK_NODELAY: true,
  USE_MSG_WAITALL: true,
  FLAME_ENABLED: false,
  SSL: false,
  SSL_SERVERCERT: "",
  SSL_SERVERKEY: "",
  SSL_SERVERKEYPASSWD: "",
  SSL_CLIENTCERT: "",
  SSL_CLIENTKEY: "",
  SSL_CLIENTKEYPASSWD: "",
  SSL_CACERTS: "",
  SSL_REQUIRECLIENTCERT: false,
});

/** Items that take a fraction; the other numbers are whole, as Python's cast to int has it. */
export const FRACTIONS: ReadonlySet<string> = new Set(
  ["NS_AUTOCLEAN", "COMMTIMEOUT", "POLLTIMEOUT", "ITER_STREAM_LIFETIME", "ITER_STREAM_LINGER"],
);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["0", "off", "no", "false"].map((word) => [word, false] as const),
  ...["1", "yes", "on", "true"].map((word) => [word, true] as const),
]);

/**
 * The defaults, with those items replaced that have a variable `PYRO_<item>`. Unknown variables are left alone.
 * @throws {UsageError} `invalid boolean value: PYRO_X=v`, Python's words, or one that says what kind of number is expected
 */
export function configFromVariables(variables: Readonly<Record<string, string | undefined>>): PyroConfig {
  const given = Object.entries(DEFAULT_CONFIG).flatMap(([item, fallback]) => {
    const text = variables[`PYRO_${item}`];
    return text === undefined ? [] : [[item, parseItem(item, text, fallback)] as const];
  });
  return { ...DEFAULT_CONFIG, ...Object.fromEntries(given) };
}

/** The addresses of a comma list; `''` stands for the empty text. */
export function parseAddresses(list: string): string[] {
  return list.split(",").map((address) => address.trim()).map((address) => address === "''" ? "" : address);
}

function parseItem(item: string, text: string, fallback: string | number | boolean | null): string | number | boolean {
  if (typeof fallback === "boolean") {
    const value = BOOLEANS.get(text.toLowerCase());
    if (value === undefined) throw new UsageError(`invalid boolean value: PYRO_${item}=${text.toLowerCase()}`);
    return value;
  }
  if (typeof fallback !== "number") return text;
  const value = Number(text);
  const isFine = text.trim() !== "" && (FRACTIONS.has(item) ? Number.isFinite(value) : Number.isSafeInteger(value));
  if (!isFine) {
    const kind = FRACTIONS.has(item) ? "a number" : "a whole number";
    throw new UsageError(`Cannot use PYRO_${item}: expected ${kind}, got ${JSON.stringify(text)}`);
  }
  return value;
}

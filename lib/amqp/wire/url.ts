/**
 * `amqp://` and `amqps://` URLs, as kombu and RabbitMQ read them.
 *
 *     amqp[s]://[user[:password]@][host][:port][/vhost][?option=value&…]
 *
 * | written | virtual host |
 * |---|---|
 * | `amqp://h`, `amqp://h/`, `amqp://h//`, `amqp://h/%2F` | `/` |
 * | `amqp://h/jobs` | `jobs` |
 * | `amqp://h//jobs` | `/jobs` |
 *
 * What is missing is `guest`, `guest`, `localhost`, 5672 (5671 with TLS) and `/`.
 *
 * `pyamqp://` and `librabbitmq://`, kombu's names for its drivers, are read as `amqp://`.
 *
 * Spec: kombu 5.2 kombu/utils/url.py `url_to_parts`, kombu/connection.py · RabbitMQ "URI Specification", "URI Query Parameters"
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { redactUrl } from "../../base/log.ts";
import { SASL_MECHANISMS, type SaslMechanism } from "./sasl.ts";

export interface AmqpUrl {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user: string;
  readonly password: string;
  readonly virtualHost: string;
  /** Undefined where the URL does not say. */
  readonly heartbeatSeconds: number | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly channelMax: number | undefined;
  readonly frameMaxBytes: number | undefined;
  readonly mechanism: SaslMechanism | undefined;
  readonly tls: AmqpUrlTls;
}

/** What the URL says about TLS: names of files, which whoever opens the connection reads. */
export interface AmqpUrlTls {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly verify: boolean | undefined;
}

const SCHEMES: ReadonlyMap<string, { isTls: boolean; port: number }> = new Map([
  ["amqp", { isTls: false, port: 5672 }],
  ["pyamqp", { isTls: false, port: 5672 }],
  ["librabbitmq", { isTls: false, port: 5672 }],
  ["amqps", { isTls: true, port: 5671 }],
]);

type FromQuery = Omit<AmqpUrl, "isTls" | "host" | "port" | "user" | "password" | "virtualHost">;

/** What one option of the query sets. */
type Setting = Partial<Omit<FromQuery, "tls">> & { readonly tls?: Partial<AmqpUrlTls> };

/** Option in the query → what it sets; kombu's names and RabbitMQ's. */
const OPTIONS = new Map<string, (text: string) => Setting>([
  ["heartbeat", (text) => ({ heartbeatSeconds: wholeNumber("heartbeat", text) })],
  ["connect_timeout", (text) => ({ connectTimeoutMs: seconds("connect_timeout", text) })],
  ["connection_timeout", (text) => ({ connectTimeoutMs: wholeNumber("connection_timeout", text) })],
  ["login_method", (text) => ({ mechanism: mechanismOf(text) })],
  ["auth_mechanism", (text) => ({ mechanism: mechanismOf(text) })],
  ["channel_max", (text) => ({ channelMax: wholeNumber("channel_max", text) })],
  ["frame_max", (text) => ({ frameMaxBytes: wholeNumber("frame_max", text) })],
  ["ssl_ca_certs", (text) => ({ tls: { caFile: text } })],
  ["cacertfile", (text) => ({ tls: { caFile: text } })],
  ["ssl_certfile", (text) => ({ tls: { certFile: text } })],
  ["certfile", (text) => ({ tls: { certFile: text } })],
  ["ssl_keyfile", (text) => ({ tls: { keyFile: text } })],
  ["keyfile", (text) => ({ tls: { keyFile: text } })],
  ["server_name_indication", (text) => ({ tls: { serverName: text } })],
  ["ssl_cert_reqs", (text) => ({ tls: { verify: !/^(?:CERT_)?NONE$/i.test(text) } })],
  ["verify", (text) => ({ tls: { verify: text !== "verify_none" } })],
]);

/** @throws {UsageError} for another scheme, a malformed part or an unknown option; the password is not repeated. */
export function parseAmqpUrl(url: string): AmqpUrl {
  const match = /^([a-z+]+):\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(
    url,
  );
  const scheme = SCHEMES.get(match?.[1]?.toLowerCase() ?? "");
  if (match === null || scheme === undefined) {
    throw refuse(url, "expected amqp:// or amqps://, then [user[:password]@]host[:port][/vhost]");
  }
  const [, , login = "", host = "", port = "", vhost = "", query = ""] = match;
  const colon = login.indexOf(":");
  const user = decode(url, colon === -1 ? login : login.slice(0, colon));
  const password = decode(url, colon === -1 ? "" : login.slice(colon + 1));
  const portNumber = port === "" ? scheme.port : Number(port);
  if (portNumber > 65_535) throw refuse(url, `expected a port up to 65535, got ${port}`);
  return {
    isTls: scheme.isTls,
    host: decode(url, host.replace(/^\[|\]$/g, "")) || "localhost",
    port: portNumber,
    user: user || "guest",
    password: password || "guest",
    virtualHost: decode(url, vhost) || "/",
    ...parseOptions(url, query),
  };
}

function parseOptions(url: string, query: string): FromQuery {
  let found: FromQuery = {
    heartbeatSeconds: undefined,
    connectTimeoutMs: undefined,
    channelMax: undefined,
    frameMaxBytes: undefined,
    mechanism: undefined,
    tls: { caFile: undefined, certFile: undefined, keyFile: undefined, serverName: undefined, verify: undefined },
  };
  for (const [name, text] of new URLSearchParams(query)) {
    const option = OPTIONS.get(name);
    if (option === undefined) {
      throw refuse(url, `expected an option out of ${[...OPTIONS.keys()].join(", ")}, got ${name}`);
    }
    const setting = option(text);
    found = { ...found, ...setting, tls: { ...found.tls, ...setting.tls } };
  }
  return found;
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw refuse(url, "a % in it is not followed by two hex digits of UTF-8", error);
  }
}

function refuse(url: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot use ${redactUrl(url)}: ${why}`, { cause });
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError(
      `Cannot use ${name}: expected a whole number from 0, got ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  return Number(text);
}

function seconds(name: string, text: string): number {
  if (!/^\d{1,6}(?:\.\d+)?$/.test(text)) {
    throw new UsageError(`Cannot use ${name}: expected seconds from 0, got ${JSON.stringify(text.slice(0, 64))}`);
  }
  return Math.round(Number(text) * 1000);
}

function mechanismOf(text: string): SaslMechanism {
  const found = SASL_MECHANISMS.find((name) => name === text.toUpperCase());
  if (found === undefined) {
    throw new UsageError(`Cannot use ${JSON.stringify(text)} to log in: expected one of ${SASL_MECHANISMS.join(", ")}`);
  }
  return found;
}

/** The URL without its password and options, in the form of Celery's banner: `amqp://guest:**@localhost:5672//`. */
export function describeAmqpUrl(url: AmqpUrl): string {
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  const vhost = encodeURIComponent(url.virtualHost).replaceAll("%2F", "/");
  return `${url.isTls ? "amqps" : "amqp"}://${encodeURIComponent(url.user)}:**@${host}:${url.port}/${vhost}`;
}

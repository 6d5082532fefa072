import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { asError, UsageError } from "../../base/errors.ts";
import type { TlsOptions } from "../../net/mod.ts";
import { fileError } from "../errors.ts";
import { quoteName } from "../wire/file_name.ts";
import { EXISTING, type Existing } from "../wire/message.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What a timer takes: some 24 days. */
const MAX_SECONDS = 2_000_000;

/** Reads the command line. @throws {UsageError} for what it does not know */
export function readArguments(
  args: readonly string[],
  options: Options,
): { values: Values; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return {
      values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, single(value)])),
      positionals,
    };
  } catch (error) {
    throw new UsageError(`Cannot read the command line: ${asError(error).message.split("\n")[0]}; try --help`);
  }
}

function single(value: unknown): string | boolean | undefined {
  return typeof value === "string" || typeof value === "boolean" ? value : undefined;
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** @throws {UsageError} unless it is a port */
export function portOf(values: Values, fallback: number): number {
  const text = textOf(values, "port");
  if (text === undefined) return fallback;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new UsageError(`Cannot use --port ${text}: expected a whole number from 0 to 65535`);
  }
  return port;
}

/** @throws {UsageError} unless it is a whole number */
export function countOf(values: Values, name: string, fallback: number): number {
  const text = textOf(values, name);
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`Cannot use --${name} ${text}: expected a whole number from 0`);
  return Number(text);
}

/** Seconds as milliseconds. @throws {UsageError} unless it is a number above 0 */
export function secondsOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds === 0 || seconds > MAX_SECONDS) {
    throw new UsageError(`Cannot use --${name} ${text}: expected seconds, above 0 and up to ${MAX_SECONDS}`);
  }
  return seconds * 1000;
}

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** `500k`, `1.5M`, `2G` or a plain number: bytes a second. */
export function rateOf(values: Values): number | undefined {
  const text = textOf(values, "limit");
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(text);
  const rate = Number(match?.[1]) * (FACTORS[(match?.[2] ?? "").toLowerCase()] ?? 1);
  if (!(rate >= 1)) throw new UsageError(`Cannot use --limit ${text}: expected bytes a second, like 500k, 1.5M or 2G`);
  return rate;
}

/** Which of --overwrite, --rename and --skip was given. @throws {UsageError} for more than one */
export function existingOf(values: Values): Existing | undefined {
  const given = EXISTING.filter((name) => values[name] === true);
  if (given.length > 1) throw new UsageError(`Cannot use --${given.join(" and --")} together: choose one`);
  return given[0];
}

/** From --secret-file or SOCKET_SECRET: never from the command line itself, which everybody on the machine can read. */
export function secretOf(values: Values): string | undefined {
  const path = textOf(values, "secret-file");
  const secret = path === undefined ? process.env.SOCKET_SECRET : readText(path).trimEnd();
  if (secret === "") throw new UsageError("Cannot use the shared secret: it is empty");
  return secret;
}

/** The serving side's TLS, if a certificate was given. */
export function serverTlsOf(values: Values): TlsOptions | undefined {
  const [cert, key, ca] = [textOf(values, "tls-cert"), textOf(values, "tls-key"), textOf(values, "tls-client-ca")];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("Cannot use TLS: --tls-cert and --tls-key go together");
  }
  const own = { cert: readText(cert), key: readText(key) };
  return ca === undefined ? own : { ...own, ca: readText(ca), requireClientCertificate: true };
}

/** The connecting side's TLS, if it was asked for. */
export function clientTlsOf(values: Values): TlsOptions | undefined {
  const [ca, cert, key] = [textOf(values, "tls-ca"), textOf(values, "tls-cert"), textOf(values, "tls-key")];
  if (values.tls !== true && ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca: readText(ca) }),
    ...(cert === undefined ? {} : { cert: readText(cert) }),
    ...(key === undefined ? {} : { key: readText(key) }),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(`read ${quoteName(path)}`, error);
  }
}

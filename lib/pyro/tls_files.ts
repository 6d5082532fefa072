/**
 * What the SSL items of the configuration mean: they name PEM files, and those are read here.
 *
 * Spec: Pyro4 4.82 `Pyro4/socketutil.py` `getSSLcontext`
 * @module
 */
import { readFileSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import type { TlsOptions } from "../net/mod.ts";
import type { PyroConfig } from "./config.ts";

/** TLS as a daemon serves it, or undefined with SSL off. @throws {UsageError} if a file is missing */
export function serverTls(config: PyroConfig): TlsOptions | undefined {
  if (!config.SSL) return undefined;
  return {
    ...pem("cert", "SSL_SERVERCERT", config.SSL_SERVERCERT),
    ...pem("key", "SSL_SERVERKEY", config.SSL_SERVERKEY),
    ...pem("ca", "SSL_CACERTS", config.SSL_CACERTS),
    ...(config.SSL_SERVERKEYPASSWD === "" ? {} : { passphrase: config.SSL_SERVERKEYPASSWD }),
    requireClientCertificate: config.SSL_REQUIRECLIENTCERT,
  };
}

/** TLS as a proxy connects, or undefined with SSL off. @throws {UsageError} if a file is missing */
export function clientTls(config: PyroConfig): TlsOptions | undefined {
  if (!config.SSL) return undefined;
  return {
    ...pem("ca", "SSL_CACERTS", config.SSL_CACERTS),
    ...pem("cert", "SSL_CLIENTCERT", config.SSL_CLIENTCERT),
    ...pem("key", "SSL_CLIENTKEY", config.SSL_CLIENTKEY),
    ...(config.SSL_CLIENTKEYPASSWD === "" ? {} : { passphrase: config.SSL_CLIENTKEYPASSWD }),
  };
}

function pem(option: "ca" | "cert" | "key", item: string, file: string): TlsOptions {
  if (file === "") return {};
  try {
    return { [option]: readFileSync(file) };
  } catch (cause) {
    throw new UsageError(`Cannot read ${item}: there is no readable file ${file}`, { cause });
  }
}

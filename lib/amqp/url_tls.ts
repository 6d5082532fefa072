import { readFile } from "node:fs/promises";
import { UsageError } from "../base/errors.ts";
import type { TlsOptions } from "../net/mod.ts";
import type { AmqpUrlTls } from "./wire/url.ts";

/** Reads the certificates that a URL names. @throws {UsageError} with the option and the file that cannot be read. */
export async function readUrlTls(tls: AmqpUrlTls): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([
    read("ca", tls.caFile),
    read("certificate", tls.certFile),
    read("key", tls.keyFile),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(tls.verify === undefined ? {} : { verify: tls.verify }),
  };
}

async function read(what: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read the TLS ${what} at ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

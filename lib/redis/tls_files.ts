import { readFileSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import type { TlsOptions } from "../net/mod.ts";
import type { RedisTlsUrl } from "./wire/mod.ts";

/**
 * Reads the files that a `rediss://` URL names.
 * @throws {UsageError} naming the file that cannot be read.
 */
export function readTlsFiles(tls: RedisTlsUrl): TlsOptions {
  const { caFile, certFile, keyFile, verify, checkHostname } = tls;
  return {
    verify,
    checkHostname,
    ...(caFile === undefined ? {} : { ca: readPem("ssl_ca_certs", caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem("ssl_certfile", certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem("ssl_keyfile", keyFile) }),
  };
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot use ${option}: ${why}`, { cause: error });
  }
}

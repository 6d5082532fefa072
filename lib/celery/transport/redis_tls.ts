import { UsageError } from "../../base/errors.ts";
import { readTlsFiles, type RedisUrl, type TlsOptions } from "../../redis/mod.ts";

const VERIFYING: ReadonlyMap<string, boolean> = new Map([
  ...[["CERT_NONE", false], ["NONE", false], ["0", false]] as const,
  ...[["CERT_OPTIONAL", true], ["OPTIONAL", true], ["1", true]] as const,
  ...[["CERT_REQUIRED", true], ["REQUIRED", true], ["2", true]] as const,
]);

/**
 * TLS as `broker_use_ssl` and `redis_backend_use_ssl` ask for it: `ssl_keyfile`, `ssl_certfile`, `ssl_ca_certs`,
 * `ssl_cert_reqs`, `ssl_check_hostname`. Without them a `rediss://` URL says it all, and certificates are verified.
 *
 * @throws {UsageError} for a file that cannot be read, or options for a connection that is not to be encrypted
 */
export function readRedisTls(
  ssl: boolean | Readonly<Record<string, unknown>>,
  urls: readonly RedisUrl[],
  setting: "broker_use_ssl" | "redis_backend_use_ssl",
): { tls?: TlsOptions } {
  if (ssl === false) return {};
  if (urls.some((url) => "path" in url.address)) {
    throw new UsageError(`Cannot use TLS on a unix socket: leave ${setting} out, or name a host`);
  }
  if (ssl === true) return { tls: {} };
  const file = (name: string) => {
    const value = ssl[name] ?? ssl[name.replace("ssl_", "")];
    if (value === undefined || value === null || typeof value === "string") return value ?? undefined;
    throw new UsageError(`Cannot use ${name}: expected the name of a file, got ${typeof value}`);
  };
  const [caFile, certFile, keyFile] = [file("ssl_ca_certs"), file("ssl_certfile"), file("ssl_keyfile")];
  return {
    tls: readTlsFiles({
      verify: readStrictness(ssl.ssl_cert_reqs ?? ssl.cert_reqs ?? "CERT_REQUIRED"),
      checkHostname: ssl.ssl_check_hostname !== false,
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    }),
  };
}

function readStrictness(value: unknown): boolean {
  const verify = VERIFYING.get(String(value).toUpperCase());
  if (verify !== undefined) return verify;
  throw new UsageError(
    `Cannot use ssl_cert_reqs: expected CERT_REQUIRED, CERT_OPTIONAL, or CERT_NONE, got ${String(value)}`,
  );
}

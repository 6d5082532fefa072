import type { Address } from "../../net/mod.ts";
import { PyroError } from "../wire/errors.ts";
import type { Uri } from "../wire/uri.ts";

/** Where the daemon of a PYRO uri listens. @throws {PyroError} for a uri that has to be resolved first */
export function addressOf(uri: Uri): Address {
  if (uri.sockname !== undefined) return { path: uri.sockname };
  if (uri.host === undefined || uri.port === undefined) {
    throw new PyroError(`Cannot connect to ${uri}: it has no location`);
  }
  return { host: uri.host, port: uri.port };
}

/** The location as Python's error texts show it: `('127.0.0.1', 7701)`, or the path of a unix socket. */
export function pythonLocation(uri: Uri): string {
  return uri.sockname ?? `('${uri.host ?? ""}', ${uri.port ?? ""})`;
}

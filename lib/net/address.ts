import { UsageError } from "../base/errors.ts";

/** Where to connect or listen: a TCP host and port, or the path of a unix socket (a pipe name on Windows). */
export type Address = TcpAddress | UnixAddress;

export interface TcpAddress {
  readonly host: string;
  /** 0 lets the system choose when listening. */
  readonly port: number;
}

export interface UnixAddress {
  readonly path: string;
}

export function isUnixAddress(address: Address): address is UnixAddress {
  return "path" in address;
}

/** Text of an address for messages: `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`. */
export function describeAddress(address: Address): string {
  if (isUnixAddress(address)) return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** True for addresses that only this machine can reach. */
export function isLoopback(address: Address): boolean {
  if (isUnixAddress(address)) return true;
  return address.host === "localhost" || address.host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address.host) ||
    /^::ffff:127\./i.test(address.host);
}

/** A unix socket's path has to fit into `sun_path`; beyond it the system says only EINVAL. */
const MAX_UNIX_PATH_BYTES = 107;

/** @throws {UsageError} for a port out of range or a socket path that no system accepts. */
export function checkAddress(address: Address): Address {
  if (isUnixAddress(address)) {
    const size = new TextEncoder().encode(address.path).length;
    if (size === 0 || size > MAX_UNIX_PATH_BYTES) {
      throw new UsageError(
        `Cannot use the socket path ${address.path}: it has ${size} bytes, expected 1 to ${MAX_UNIX_PATH_BYTES}; choose a shorter folder`,
      );
    }
  } else if (!Number.isInteger(address.port) || address.port < 0 || address.port > 65_535) {
    throw new UsageError(`Cannot use port ${address.port}: expected a whole number from 0 to 65535`);
  }
  return address;
}

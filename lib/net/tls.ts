/**
 * TLS around a socket of ours. Verification is on unless it is switched off by name.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import * as tls from "node:tls";

/** PEM texts, not file names: whoever reads the configuration reads the files. */
export interface TlsOptions {
  /** Certificate authorities to trust; default: the runtime's own list. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Own certificate chain and key: always on the serving side, on the connecting side for mutual TLS. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  readonly passphrase?: string;
  /** Name to expect in the peer's certificate, and to ask for; default: the host connected to. */
  readonly serverName?: string;
  /** `false` accepts any certificate. Default true. */
  readonly verify?: boolean;
  /** `false` accepts a certificate for another name; the chain is still verified. Default true. */
  readonly checkHostname?: boolean;
  /** Serving side: ask the peer for a certificate, and refuse it without a valid one. Default false. */
  readonly requireClientCertificate?: boolean;
}

function material(options: TlsOptions): tls.SecureContextOptions {
  const buffer = (value: string | Uint8Array) => typeof value === "string" ? value : Buffer.from(value);
  const { ca, cert, key, passphrase } = options;
  const list = ca === undefined ? undefined : (Array.isArray(ca) ? ca : [ca]) as (string | Uint8Array)[];
  return {
    ...(list === undefined ? {} : { ca: list.map(buffer) }),
    ...(cert === undefined ? {} : { cert: buffer(cert) }),
    ...(key === undefined ? {} : { key: buffer(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** Starts the connecting side of a handshake on `socket`; `secureConnect` fires on the result. */
export function wrapClient(socket: Socket, options: TlsOptions, host: string): tls.TLSSocket {
  const name = options.serverName ?? host;
  return tls.connect({
    socket,
    ...material(options),
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }), // SNI carries names only, never addresses
    rejectUnauthorized: options.verify ?? true,
    ...(options.checkHostname === false ? { checkServerIdentity: () => undefined } : {}),
  });
}

/** Builds what `wrapServer` needs once per listener, not once per connection. */
export function serverContext(options: TlsOptions): tls.SecureContext {
  return tls.createSecureContext(material(options));
}

/** Starts the serving side of a handshake on `socket`; `secure` fires on the result. */
export function wrapServer(socket: Socket, context: tls.SecureContext, options: TlsOptions): tls.TLSSocket {
  const required = options.requireClientCertificate ?? false;
  return new tls.TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    requestCert: required,
    rejectUnauthorized: required,
  });
}

/**
 * TLS around a socket of ours. Verification is on unless it is switched off by name.
 * @module
 */
import { Buffer } from "node:buffer";
import { isIP, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import { UsageError } from "../base/errors.ts";
import { explainSocketError } from "./socket_error.ts";

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

/** Names of an X.509 subject or issuer by their short forms, `CN`, `O`, `C`; several values where one occurs repeatedly. */
export type CertificateNames = Readonly<Record<string, string | readonly string[]>>;

/** The certificate that a peer has shown. */
export interface PeerCertificate {
  readonly subject: CertificateNames;
  readonly issuer: CertificateNames;
  /** `DNS:example.com, IP Address:127.0.0.1` */
  readonly subjectAltName: string | undefined;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** SHA-256 of the whole, `AB:CD:…` */
  readonly fingerprint256: string;
  /** The whole in DER. */
  readonly der: Uint8Array;
}

/** The certificate that the other end of a TLS socket has shown; undefined where there is none. */
export function peerCertificateOf(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof tls.TLSSocket)) return undefined;
  const shown = socket.getPeerCertificate() as tls.PeerCertificate | null; // null once the socket is destroyed
  if (shown?.raw === undefined) return undefined; // `{}` stands for none
  return {
    subject: { ...shown.subject } as CertificateNames,
    issuer: { ...shown.issuer } as CertificateNames,
    subjectAltName: shown.subjectaltname,
    serialNumber: shown.serialNumber,
    validFrom: new Date(shown.valid_from),
    validTo: new Date(shown.valid_to),
    fingerprint256: shown.fingerprint256,
    der: shown.raw,
  };
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

/**
 * Reads keys and certificates once: per listener, or before a connection is tried.
 * @throws {UsageError} if they cannot be read or do not fit together.
 */
export function secureContext(options: TlsOptions): tls.SecureContext {
  try {
    return tls.createSecureContext(material(options));
  } catch (error) {
    const why = error instanceof Error ? explainSocketError(error) : String(error);
    throw new UsageError(`Cannot use the TLS certificate, key or authorities: ${why}`, { cause: error });
  }
}

/** Starts the connecting side of a handshake on `socket`; `secureConnect` fires on the result once the peer is verified. */
export function wrapClient(socket: Socket, context: tls.SecureContext, options: TlsOptions, host: string): Socket {
  const name = options.serverName ?? host;
  return tls.connect({
    socket,
    secureContext: context,
    host: name, // what the certificate is compared with
    ...(isIP(name) ? {} : { servername: name }), // SNI carries names only, never addresses
    rejectUnauthorized: options.verify ?? true,
    ...(options.checkHostname === false ? { checkServerIdentity: () => undefined } : {}),
  });
}

/**
 * The serving side. It emits `secureConnection` with each socket whose handshake is done and whose client certificate,
 * if one is required, was verified; `tlsClientError` with what failed; `connection` with each socket before its handshake.
 */
export function createTlsServer(options: TlsOptions, handshakeTimeoutMs: number): Server {
  const required = options.requireClientCertificate ?? false;
  secureContext(options); // says what is wrong in our words
  return tls.createServer({
    ...material(options),
    requestCert: required,
    rejectUnauthorized: required,
    handshakeTimeout: handshakeTimeoutMs,
    allowHalfOpen: true,
    noDelay: true,
  });
}

/**
 * What the system and OpenSSL mean by their codes, in words.
 * @module
 */

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EAI_AGAIN: "the name server does not answer",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the peer reset it",
  EHOSTUNREACH: "no route leads to the host",
  EMFILE: "this process may not open more files",
  ENETUNREACH: "no route leads to the network",
  ENFILE: "the system may not open more files",
  ENOENT: "there is no such socket or name",
  ENOTFOUND: "the host name is unknown",
  EPIPE: "the peer closed it",
  ETIMEDOUT: "the peer does not answer any more",
  // TLS: what the certificate check of the side that refuses says
  CERT_HAS_EXPIRED: "the peer's certificate has expired",
  CERT_NOT_YET_VALID: "the peer's certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the peer's certificate is signed by itself, and no trusted authority is",
  SELF_SIGNED_CERT_IN_CHAIN: "the peer's certificate comes from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT: "the peer's certificate comes from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the peer's certificate comes from an authority that is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the peer's certificate comes from an authority that is not trusted here",
  ERR_SSL_WRONG_VERSION_NUMBER: "the peer does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the peer does not speak TLS",
  ERR_SSL_HTTP_REQUEST: "the peer does not speak TLS but HTTP",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the peer asks for a certificate of ours",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the peer showed no certificate",
};

/** One clause without a full stop, e.g. `nothing listens there (ECONNREFUSED)`. @param code where another than the error's own says more */
export function explainSocketError(error: Error, code = codeOf(error)): string {
  if (code === undefined) return error.message || error.name;
  return `${MEANINGS[code] ?? reasonOf(error)} (${code})`;
}

/** The system's or OpenSSL's code, if the error has one; DOMException's numbers are none. */
export function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** OpenSSL's messages carry file names and lines; its `reason` is the clause without them. */
function reasonOf(error: Error): string {
  if ("reason" in error && typeof error.reason === "string" && error.reason !== "") return error.reason;
  return error.message || error.name;
}

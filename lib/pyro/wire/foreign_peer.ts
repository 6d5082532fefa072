/**
 * Recognizes by its first bytes who speaks on a Pyro port but is no Pyro4.
 *
 * Spec: Pyro5 5.x `Pyro5/protocol.py` (version 502), RFC 9112 §3, RFC 8446 §5.1. Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import { quoteBytes } from "../../base/bytes.ts";
import { ProtocolError } from "./errors.ts";

/** What Python's Pyro4 says about any of them. */
export const NO_PYRO_WORDS = "invalid data or unsupported protocol version";

/** The bytes are no message of this protocol version; `hint` says whose they are, where that can be told. */
export class ForeignPeerError extends ProtocolError {
  override readonly name: string = "ForeignPeerError";
  readonly hint: string;

  constructor(hint: string) {
    super(`${NO_PYRO_WORDS}: ${hint}`);
    this.hint = hint;
  }
}

const PYRO5_VERSION = 502;
const HTTP_WORDS: ReadonlySet<string> = new Set(
  ["GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "TRAC", "CONN", "HTTP"],
);

/** @param head the first six bytes: tag and version */
export function foreignPeer(head: Buffer): ForeignPeerError {
  const tag = head.toString("latin1", 0, 4);
  if (tag === "PYRO") {
    const version = head.readUInt16BE(4);
    return new ForeignPeerError(
      version === PYRO5_VERSION
        ? "the peer speaks Pyro5 (protocol 502), and this is Pyro4 (protocol 48)"
        : `the peer speaks Pyro protocol ${version}, expected 48 (Pyro 4.26 and later)`,
    );
  }
  if (HTTP_WORDS.has(tag)) return new ForeignPeerError("the peer speaks HTTP; a Pyro HTTP gateway would translate");
  if (head[0] === 0x16 && head[1] === 3) {
    return new ForeignPeerError("the peer speaks TLS; SSL is on at one end only");
  }
  return new ForeignPeerError(`expected PYRO, got ${quoteBytes(head)}`);
}

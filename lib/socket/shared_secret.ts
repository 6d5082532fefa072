/**
 * A shared secret: both sides prove that they know it, and neither sends it.
 *
 *     client  hello {nonce c}      ->
 *             <-  challenge {nonce s}                        server
 *     client  proof {HMAC(secret, "client" c s)}  ->
 *             <-  welcome {HMAC(secret, "server" c s)}
 *
 * It decides who may talk, no more: what follows is neither encrypted nor signed. Use TLS where somebody may listen.
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

const LABEL = "three-python-classics/socket/1";

export function newNonce(): string {
  return randomBytes(16).toString("hex");
}

/** @param side whose proof it is: a mirror that sends our own proof back is no peer */
export function proofOf(secret: string, side: "client" | "server", nonces: { client: string; server: string }): string {
  return createHmac("sha256", secret).update(`${LABEL} ${side} ${nonces.client} ${nonces.server}`).digest("hex");
}

/** Compares in constant time. */
export function isProof(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import { createHmac, timingSafeEqual } from "node:crypto";
import { utf8 } from "../base/bytes.ts";
import type { MessageAuthenticator } from "./wire/message.ts";

/**
 * HMAC-SHA1 by a key that both sides know. An empty key is no key.
 *
 * Spec: Pyro4 4.82 `Pyro4/message.py` `Message.hmac`
 *
 * @param key a text counts as its UTF-8 bytes
 */
export function createAuthenticator(key: string | Uint8Array | undefined): MessageAuthenticator | undefined {
  if (key === undefined || key.length === 0) return undefined;
  const secret = typeof key === "string" ? utf8(key) : key;
  return {
    digest(parts) {
      const hmac = createHmac("sha1", secret);
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    },
    isEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

import { absoluteEmbeddedUrl, embeddedConnection } from "../transport/embedded.ts";
import type { ResultBackend } from "./backend.ts";
import type { BackendOptions } from "./options.ts";
import { RedisBackend } from "./redis.ts";

/** Entry of the factory: `embedded://`, results in the embedded broker. */
export function createEmbeddedBackend(options: BackendOptions): ResultBackend {
  const { url, beforeConnect } = embeddedConnection(options.url);
  return new RedisBackend({ ...options, url }, { uri: absoluteEmbeddedUrl(options.url), beforeConnect });
}

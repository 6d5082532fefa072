import { UsageError } from "../../base/errors.ts";
import { schemeOf } from "../transport/factory.ts";
import type { ResultBackend } from "./backend.ts";
import type { BackendFactory, BackendOptions } from "./options.ts";

/** Result backends by URL scheme; a module is loaded when its scheme is met. */
const BACKENDS: ReadonlyMap<string, () => Promise<BackendFactory>> = new Map([
  ...["redis", "rediss", "redis+socket", "sentinel"].map((scheme) => [scheme, loadRedis] as const),
  ["disabled", async () => (await import("./disabled.ts")).createDisabledBackend],
  ["rpc", async () => (await import("./rpc.ts")).createRpcBackend],
  ["embedded", async () => (await import("./embedded.ts")).createEmbeddedBackend],
  ["memory", async () => (await import("./memory.ts")).createMemoryBackend],
  ["cache+memory", async () => (await import("./memory.ts")).createMemoryBackend],
]);

async function loadRedis(): Promise<BackendFactory> {
  return (await import("./redis.ts")).createRedisBackend;
}

/** Schemes whose results are messages: a result that nobody expects yet is lost. */
const SENT_RESULTS: ReadonlySet<string> = new Set(["rpc"]);

/**
 * The result backend for a URL.
 *
 * @throws {UsageError} for a scheme that there is no backend for
 */
export async function createBackend(options: BackendOptions): Promise<ResultBackend> {
  const scheme = schemeOf(options.url);
  const load = BACKENDS.get(scheme);
  if (load === undefined) {
    throw new UsageError(
      `Cannot use the result backend: none for "${scheme.slice(0, 32)}://", there are ${
        [...BACKENDS.keys()].join(", ")
      }`,
    );
  }
  return (await load())(options);
}

/** True if results have to be expected (`ResultBackend.expect`) before their task is published. */
export function mustExpectResults(url: string): boolean {
  return SENT_RESULTS.has(schemeOf(url));
}

import { join } from "node:path";
import { connect, type Connection, type ConnectOptions, listen, type ListenOptions } from "../../lib/net/mod.ts";
import { Deferred } from "../../lib/base/deferred.ts";
import { onTestFinished } from "vitest";
import { tempDir } from "./temp_dir.ts";

export interface DuplexPair {
  readonly client: Connection;
  /** The accepted end; it stays open until the test ends or closes it. */
  readonly server: Connection;
}

/** Two connected ends over a private unix socket, gone when the running test is over. */
export async function duplexPair(
  options: { client?: ConnectOptions; server?: ListenOptions } = {},
): Promise<DuplexPair> {
  const dir = tempDir();
  const accepted = new Deferred<Connection>();
  const listener = await listen({ path: join(dir.path, "s") }, async (connection) => {
    accepted.resolve(connection);
    await connection.closed;
  }, options.server);
  const client = await connect(listener.address, options.client);
  onTestFinished(async () => {
    client.abort();
    await listener.close({ drainMs: 0 });
    dir.remove();
  });
  return { client, server: await accepted.promise };
}

/** Everything one end receives until EOF. */
export async function readAll(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await connection.read((chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { TcpAddress } from "../../lib/net/mod.ts";
import { SocketServer, type SocketServerOptions } from "../../lib/socket/mod.ts";
import { testDir } from "./temp_dir.ts";

export interface TestServer {
  readonly server: SocketServer;
  readonly address: TcpAddress;
  /** The server's folder. */
  readonly folder: string;
  /** The test's own folder beside it. */
  readonly home: string;
}

/** A string and file server on a port of its own, closed when the running test is over. */
export async function startSocketServer(options: SocketServerOptions = {}): Promise<TestServer> {
  const dir = testDir();
  const [folder, home] = [join(dir, "server"), join(dir, "home")];
  for (const each of [folder, home]) mkdirSync(each);
  const server = await SocketServer.start({ address: { host: "127.0.0.1", port: 0 }, folder, ...options });
  onTestFinished(() => server.close());
  const { address } = server;
  if (!("port" in address)) throw new Error("The server listens at no port");
  return { server, address, folder, home };
}

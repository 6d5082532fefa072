import { onTestFinished } from "vitest";
import { type Broker, type BrokerOptions, startBroker } from "../../lib/broker/mod.ts";
import type { JournalFiles } from "../../lib/broker/journal/files.ts";
import { RespClient } from "./resp_client.ts";
import { tempDir } from "./temp_dir.ts";

/** A broker in this process that lives as long as the running test. */
export async function testBroker(options: Partial<BrokerOptions> = {}, files?: JournalFiles): Promise<Broker> {
  const dir = tempDir();
  const broker = await startBroker({ folder: dir.path, durability: "memory", ...options }, files);
  onTestFinished(async () => {
    await broker.close();
    dir.remove();
  });
  return broker;
}

/** A client of it, dropped at the end of the test. */
export async function clientOf(broker: Broker): Promise<RespClient> {
  const client = await RespClient.open({ path: broker.socketPath });
  onTestFinished(() => client.connection.abort());
  return client;
}

/**
 * The embedded broker is killed while clients write to it: nothing that it has confirmed is lost, and nothing comes twice.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findBroker, publicSocketPath } from "../../lib/broker/mod.ts";
import { RespClient } from "../support/resp_client.ts";
import { TYPESCRIPT } from "../support/program.ts";
import { Seeded } from "../support/seeded.ts";
import { testDir } from "../support/temp_dir.ts";

const MAIN = fileURLToPath(new URL("../../lib/broker/child_main.ts", import.meta.url));
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 2);

async function startChild(folder: string, options: object): Promise<{ client: RespClient; kill(): Promise<void> }> {
  const child = fork(MAIN, [JSON.stringify({ folder, ...options })], {
    execArgv: [...TYPESCRIPT],
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [message] = await once(child, "message");
  const client = await RespClient.open({ path: message.socketPath });
  return {
    client,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
      client.connection.abort();
    },
  };
}

describe("kill -9 of the broker under load", () => {
  for (
    const options of [{ durability: "everysec" }, { durability: "always" }, {
      durability: "everysec",
      compactAtBytes: 20_000,
    }]
  ) {
    test(`loses nothing it has confirmed, with ${JSON.stringify(options)}`, async () => {
      const folder = testDir();
      const seeded = new Seeded();
      let confirmed = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const { client, kill } = await startChild(folder, options);
        const before = Number(await client.call("LLEN", "q"));
        expect(before, `seed ${seeded.seed}`).toBeGreaterThanOrEqual(confirmed);
        const expected = Array.from({ length: before }, (_, i) => String(i));
        expect(await client.call("LRANGE", "q", 0, -1)).toEqual(expected);
        if (options.compactAtBytes !== undefined) await client.call("BGREWRITEAOF");

        client.inbox.length = 0;
        const target = seeded.integer(300, 1000);
        for (let sent = 0; client.inbox.length < target;) {
          for (; sent < client.inbox.length + 200; sent++) client.send("RPUSH", "q", before + sent);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await kill();
        confirmed = before + client.inbox.filter((reply) => typeof reply === "number").length;
      }
      const { client, kill } = await startChild(folder, options);
      expect(await client.call("LLEN", "q")).toBeGreaterThanOrEqual(confirmed);
      await kill();
    }, 90_000);
  }

  test("leaves a folder that the next broker can take, under the same name", async () => {
    const folder = testDir();
    const first = await startChild(folder, {});
    await first.client.call("SET", "a", 1);
    await first.kill();
    expect(await findBroker(folder)).toBeUndefined();

    const second = await startChild(folder, {});

    const client = await RespClient.open({ path: publicSocketPath(folder) });
    expect(await client.call("GET", "a")).toBe("1");
    client.connection.abort();
    await second.kill();
  });
});

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect } from "../../lib/net/mod.ts";
import { getRaw } from "../../lib/socket/raw_client.ts";
import { eventually } from "../support/eventually.ts";
import { startSocketServer } from "../support/socket_server.ts";

describe("a server of bare files", () => {
  /** What comes for `name`, whole. */
  async function got(address: { host: string; port: number }, name: string): Promise<string> {
    const parts: Buffer[] = [];
    await getRaw(address, name, (bytes) => void parts.push(Buffer.from(bytes)));
    return Buffer.concat(parts).toString();
  }

  test("gives the bytes of a file, none for an empty one", async () => {
    const { address, folder } = await startSocketServer({ raw: "get" });
    mkdirSync(join(folder, "d"));
    writeFileSync(join(folder, "d", "a"), "content");
    writeFileSync(join(folder, "empty"), "");

    expect([await got(address, "d/a"), await got(address, "empty")]).toEqual(["content", ""]);
  });

  test.each(["none", "../server/a", "/etc/hostname", "d"])(
    "does not let %j, which it does not give, look like an empty file: it resets the connection",
    async (name) => {
      const { address, folder } = await startSocketServer({ raw: "get" });
      mkdirSync(join(folder, "d"));

      await expect(got(address, name)).rejects.toThrow(/the peer reset it \(ECONNRESET\)/);
    },
  );

  test("stores nothing of a file whose sender was lost before its end", async () => {
    const { address, folder, server } = await startSocketServer({ raw: "store" });
    const connection = await connect(address);
    await connection.send(Buffer.from("half a file"));
    await eventually("it is being stored", () => readdirSync(folder).length === 1);

    connection.abort(undefined, { reset: true });

    await eventually("it is over", () => server.connections === 0);
    await eventually("nothing is left", () => readdirSync(folder).length === 0);
  });
});

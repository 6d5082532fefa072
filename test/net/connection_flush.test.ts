import { describe, expect, test } from "vitest";
import { join } from "node:path";
import { connect, type Connection, listen } from "../../lib/net/mod.ts";
import { eventually } from "../support/eventually.ts";
import { testDir } from "../support/temp_dir.ts";

describe("Connection.flush", () => {
  test("hands queued bytes to the system within the tick", async () => {
    const received: string[] = [];
    const path = join(testDir(), "s");
    await using listener = await listen({ path }, (peer: Connection) =>
      peer.read((chunk) => {
        received.push(chunk.toString());
      }));
    const connection = await connect(listener.address);

    connection.write(Buffer.from("before"));
    const taken = connection.flush();

    expect(taken).toBe(true);
    expect(connection.bytesWritten).toBe(6);
    await eventually("the bytes arrive once", () => received.join("") === "before");
    await connection.close();
  });
});

import { describe, expect, onTestFinished, test } from "vitest";
import { type Address, connect } from "../../lib/net/mod.ts";
import { addOver, serveAddition } from "../../lib/socket/mod.ts";
import { readAll } from "../support/duplex_pair.ts";

async function started(): Promise<Address> {
  const listener = await serveAddition({ address: { host: "127.0.0.1", port: 0 } });
  onTestFinished(() => listener.close());
  return listener.address;
}

/** Says `bytes`, ends its side, and returns the lines that came back. */
async function say(address: Address, bytes: string | Uint8Array): Promise<string[]> {
  const connection = await connect(address);
  connection.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  connection.end();
  const answer = await readAll(connection);
  await connection.close();
  return String(answer).split("\n").slice(0, -1);
}

describe("the addition service", () => {
  test("answers as many sums as come, in every spelling, the last one without a line ending too", async () => {
    expect(await say(await started(), "5 7\n5,7\r\n1\n\n2\n 3 ,\t4 \n0.1 0.2\n-1\n1")).toEqual([
      "12",
      "12",
      "3",
      "7",
      "0.30000000000000004",
      "0",
    ]);
  });

  test("answers what is wrong, and keeps the connection", async () => {
    const bytes = Buffer.concat([
      Buffer.from("five 5\n1 2 3\n"),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from("5 7\n"),
    ]);

    expect(await say(await started(), bytes)).toEqual([
      'error: Cannot add: "five" is no number',
      "error: Cannot add: expected two numbers, got 3",
      'error: Cannot add: "��" is no number',
      "12",
    ]);
  });

  test("answers what came before a line without an end, and says why it stops there", async () => {
    expect(await say(await started(), `5 7\n${"9".repeat(70_000)}\n1 1\n`)).toEqual([
      "12",
      'error: Cannot accept message: no "\\x0a" within 65536 bytes (maxFrameBytes)',
    ]);
  });

  test("adds whole numbers of thousands of digits", async () => {
    const nines = "9".repeat(10_000);

    expect(await addOver(await started(), nines, "1")).toBe(`1${"0".repeat(10_000)}`);
  });
});

import { connect as tcp, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { SocketClient } from "../../lib/socket/mod.ts";
import { eventually } from "../support/eventually.ts";
import { startSocketServer } from "../support/socket_server.ts";

function crowd(port: number, count: number, greet: (socket: Socket) => void): Promise<Socket[]> {
  return Promise.all(Array.from({ length: count }, () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = tcp(port, "127.0.0.1", () => {
        greet(socket);
        resolve(socket);
      }).once("error", reject);
      socket.on("error", () => {}); // they are dropped in the end
    })));
}

describe("500 clients that never finish what they begin", () => {
  test.each([
    ["a header", (socket: Socket) => void socket.write(Buffer.from([0, 0]))],
    ["a message", (socket: Socket) => void socket.write(Buffer.from("0000ffff00", "hex"))],
    ["a line", (socket: Socket) => void socket.write("hel")],
  ])("of %s leave others served", async (_, greet) => {
    const { server, address } = await startSocketServer({ reply: (text) => text });
    const slow = await crowd(address.port, 500, greet);
    await eventually("all are being served", () => server.connections >= 500);

    const client = await SocketClient.connect(address);
    for (let i = 0; i < 50; i++) expect(await client.ask(String(i))).toBe(String(i));
    await client.close();

    for (const socket of slow) socket.destroy();
    await eventually("they are gone", () => server.connections === 0);
  });

  test("are dropped by the server itself once their time is over, and their memory is given back", async () => {
    const { server, address } = await startSocketServer({ idleTimeoutMs: 200, silenceMs: 0 });
    const slow = await crowd(address.port, 100, () => {});

    await eventually("they are gone", () => server.connections === 0);

    for (const socket of slow) socket.destroy();
  });
});

describe("a client that never reads", () => {
  test("holds up nobody else", async () => {
    const { address } = await startSocketServer({ reply: () => "x".repeat(1_000_000), silenceMs: 0 });
    const deaf = tcp(address.port, "127.0.0.1").on("error", () => {});
    deaf.pause();
    const question = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from("q")]);
    for (let i = 0; i < 200; i++) deaf.write(question);

    const client = await SocketClient.connect(address);
    for (let i = 0; i < 5; i++) expect((await client.ask("q")).length).toBe(1_000_000);

    await client.close();
    deaf.destroy();
  });
});

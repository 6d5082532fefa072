import { describe, expect, test } from "vitest";
import { connect, type TcpAddress } from "../../lib/net/mod.ts";
import { askRaw, SocketClient } from "../../lib/socket/mod.ts";
import { readAll } from "../support/duplex_pair.ts";
import { eventually } from "../support/eventually.ts";
import { startSocketServer } from "../support/socket_server.ts";

const reply = (text: string) => {
  if (text === "bad") throw new Error("no answer to that");
  return `Received: ${text}`;
};

/** Says `bytes`, ends its side, and returns what came back. */
async function say(address: TcpAddress, bytes: string | Uint8Array): Promise<string> {
  const connection = await connect(address);
  connection.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  connection.end();
  const answer = await readAll(connection).catch((error: Error) => Buffer.from(`lost: ${error.message}`));
  await connection.close();
  return String(answer);
}

describe("SocketClient.ask", () => {
  test("gets the answer to each string, in order, over one connection", async () => {
    const { address } = await startSocketServer({ reply });
    const client = await SocketClient.connect(address);

    for (const text of ["hello", "", "kůň 😀", "\u0000\u0001", "line\nline"]) {
      expect(await client.ask(text)).toBe(`Received: ${text}`);
    }
    await client.close();
  });

  test("is told of an answer that failed, and goes on", async () => {
    const { address } = await startSocketServer({ reply });
    const client = await SocketClient.connect(address);

    await expect(client.ask("bad")).rejects.toMatchObject({
      code: "reply",
      message: "Cannot answer: no answer to that",
    });
    expect(await client.ask("good")).toBe("Received: good");
    await client.close();
  });

  test("serves many clients at once, a slow answer holding up none of the others", async () => {
    const gates: (() => void)[] = [];
    const { address } = await startSocketServer({
      reply: (text) => text === "slow" ? new Promise((resolve) => gates.push(() => resolve("at last"))) : text,
    });
    const slow = await SocketClient.connect(address);
    const waiting = slow.ask("slow");
    await eventually("the slow one is being answered", () => gates.length === 1);

    const clients = await Promise.all(Array.from({ length: 50 }, () => SocketClient.connect(address)));
    expect(await Promise.all(clients.map((client, i) => client.ask(String(i))))).toEqual(
      clients.map((_, i) => String(i)),
    );

    gates[0]?.();
    expect(await waiting).toBe("at last");
    for (const client of [slow, ...clients]) await client.close();
  });

  test("refuses a string over the limit, and the server lives on", async () => {
    const { address } = await startSocketServer({ reply, maxTextBytes: 100 });
    const client = await SocketClient.connect(address);

    await expect(client.ask("x".repeat(101))).rejects.toThrow(
      "Cannot accept message: 101 bytes announced, limit is 100",
    );
    expect(await askRaw(address, "still there?")).toBe("Received: still there?");
  });

  test("sends no string that no server would take", async () => {
    const { address } = await startSocketServer({ reply: (text) => String(text.length), silenceMs: 0 });
    const client = await SocketClient.connect(address);

    expect(await client.ask("x".repeat(16_777_214))).toBe("16777214");
    await expect(client.ask("x".repeat(16_777_215))).rejects.toThrow(
      "Cannot ask: the text has 16777215 bytes, limit is 16777214",
    );
    expect(await client.ask("")).toBe("0");
    await client.close();
  });

  test("ends its connection with a wait that was given up: a late answer belongs to nobody", async () => {
    const { address } = await startSocketServer({ reply: () => new Promise(() => {}) });
    const client = await SocketClient.connect(address);
    const stop = new AbortController();
    const waiting = client.ask("x", { signal: stop.signal });

    stop.abort("enough");

    await expect(waiting).rejects.toBe("enough");
    expect(client.session.connection.isOpen).toBe(false);
  });
});

describe("a shared secret", () => {
  test("lets in who knows it, and proves itself to the client", async () => {
    const { address } = await startSocketServer({ reply, secret: "sesame" });
    const client = await SocketClient.connect(address, { secret: "sesame" });

    expect(await client.ask("hi")).toBe("Received: hi");
    await client.close();
  });

  test("keeps out who does not know it, frames and lines alike", async () => {
    const { address } = await startSocketServer({ reply, secret: "sesame" });
    const stranger = await SocketClient.connect(address);

    await expect(stranger.ask("hi")).rejects.toMatchObject({ code: "secret" });
    await expect(SocketClient.connect(address, { secret: "wrong" })).rejects.toMatchObject({ code: "secret" });
    expect(await say(address, "hi\n")).toBe("Cannot serve the request: this server asks for a shared secret\n");
    await stranger.close();
  });

  test("is not asked for by a server for plain connections, which could not prove it: it does not start", async () => {
    await expect(startSocketServer({ raw: "get", secret: "sesame" })).rejects.toThrow(
      "Cannot ask for the shared secret: plain connections (raw get) have no way to prove it",
    );
  });

  test("is not proved by a server that does not know it", async () => {
    const { address } = await startSocketServer({ reply });

    await expect(SocketClient.connect(address, { secret: "sesame" })).rejects.toMatchObject({ code: "secret" });
  });
});

describe("plain sockets", () => {
  test("get the time, as Python's ctime prints it, when they say nothing", async () => {
    const { address } = await startSocketServer({
      silenceMs: 30,
      clock: {
        now: () => new Date(2026, 10, 3, 8, 5, 9).getTime(),
        monotonic: () => 0,
        after: () => ({ cancel() {} }),
      },
    });
    const silent = await connect(address);

    expect(String(await readAll(silent))).toBe("Tue Nov  3 08:05:09 2026\r\n");
    await silent.close();
    expect(await say(address, "")).toBe("Tue Nov  3 08:05:09 2026\r\n");
  });

  test("get an answer to a string that ends with the sender's side, and to every line", async () => {
    const { address } = await startSocketServer({ reply });

    expect(await say(address, "hello")).toBe("Received: hello");
    expect(await say(address, "one\r\ntwo\nthree")).toBe("Received: one\nReceived: two\nReceived: three");
    expect(await say(address, "bad\nkůň\n")).toBe("Cannot answer: no answer to that\nReceived: kůň\n");
  });

  test("are waited for between their lines", async () => {
    const { address } = await startSocketServer({ reply, silenceMs: 10 });
    const connection = await connect(address);
    const seen = readAll(connection);
    connection.write(Buffer.from("a\n"));
    await eventually("the first answer came", () => connection.bytesRead > 0);
    await new Promise((resolve) => setTimeout(resolve, 30)); // longer than the silence that gets the time
    connection.write(Buffer.from("b\n"));
    connection.end();

    expect(String(await seen)).toBe("Received: a\nReceived: b\n");
    await connection.close();
  });

  test.each([
    ["a browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "looks like an HTTP request\n"],
    ["a TLS client", Buffer.from("160301020001000000", "hex"), "looks like TLS\n"],
    ["telnet", Buffer.from("fffb01", "hex"), "looks like telnet negotiation\n"],
    ["garbage", Buffer.from("7f454c4602", "hex"), "is neither a frame nor text\n"],
    ["a lying length", Buffer.from("00ffffff00", "hex"), "it ended inside a frame"],
    ["half a frame", Buffer.from("00000005", "hex"), "it ended inside a frame"],
    ["a frame that is no message", Buffer.from("00000003007b7d", "hex"), "expected a text, got undefined"],
    [
      "a message out of turn",
      Buffer.concat([Buffer.from("0000001000", "hex"), Buffer.from('{"kind":"done"}')]),
      "done came out of turn",
    ],
  ])("that bring %s are told what is wrong and dropped, and the server lives on", async (_, bytes, why) => {
    const { address } = await startSocketServer({ reply });

    expect(await say(address, bytes)).toContain(why);

    expect(await say(address, "still there?")).toBe("Received: still there?");
  });
});

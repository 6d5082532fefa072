import { describe, expect, test } from "vitest";
import { encodeFrame, Framed, frames, lines, texts } from "../../lib/net/mod.ts";
import { duplexPair, readAll } from "../support/duplex_pair.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

const words = texts(frames());

async function framedPair(clock = new FakeClock()) {
  const { client, server } = await duplexPair();
  return { client, clock, server: new Framed(server, words, { clock, idleTimeoutMs: 5000 }) };
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of source) out.push(item);
  return out;
}

describe("Framed", () => {
  test("carries messages both ways, and each side ends its own direction", async () => {
    const { client, server } = await duplexPair();
    const [ours, theirs] = [new Framed(client, words), new Framed(server, words)];
    for (const word of ["one", "", "three"]) await ours.send(word);
    ours.end();

    expect(await collect(theirs)).toEqual(["one", "", "three"]);
    await theirs.send("answer after your end");
    await theirs.close();

    expect(await collect(ours)).toEqual(["answer after your end"]);
    expect(await ours.closed).toBe(undefined);
  });

  test("delivers every message that was complete when the peer ended, however slow the reader", async () => {
    const { client, server } = await framedPair();
    for (let i = 0; i < 1000; i++) client.write(encodeFrame(Buffer.from(String(i))));
    client.end();
    const seen: string[] = [];

    for await (const word of server) {
      seen.push(word);
      if (seen.length % 100 === 0) await settled();
    }

    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
  });

  test("does not read the socket while nobody pulls", async () => {
    const { client, server } = await framedPair();
    const message = encodeFrame(new Uint8Array(60_000).fill(0x61));
    for (let i = 0; i < 100; i++) client.write(message);
    client.end();

    await server.next();
    await settled();
    expect(server.connection.bytesRead).toBeLessThan(1024 * 1024);

    expect((await collect(server)).length).toBe(99);
  });

  test("leaves the connection open when the loop is left, and goes on where it stopped", async () => {
    const { client, server } = await framedPair();
    for (const word of ["a", "b", "c"]) client.write(encodeFrame(Buffer.from(word)));

    for await (const word of server) if (word === "b") break;

    expect(await server.next()).toBe("c");
  });

  test("lets a wait be given up without losing a message", async () => {
    const { client, server } = await framedPair();
    const stop = new AbortController();
    const waiting = server.next({ signal: stop.signal });

    stop.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    await client.send(encodeFrame(Buffer.from("late")));

    expect(await server.next()).toBe("late");
  });

  test("refuses a second wait beside the first", async () => {
    const { client, server } = await framedPair();
    const waiting = server.next();

    await expect(server.next()).rejects.toThrow("another call waits for the next message");
    await client.send(encodeFrame(Buffer.from("x")));
    expect(await waiting).toBe("x");
  });

  test("aborts the connection of a peer that breaks the framing, and says what it looks like", async () => {
    const { client, server } = await framedPair();
    await client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));

    await expect(server.next()).rejects.toThrow("looks like an HTTP request");

    await expect(server.next()).rejects.toThrow("looks like an HTTP request");
    expect((await server.closed)?.message).toContain("looks like an HTTP request");
    expect(String(await readAll(client))).toBe("");
  });

  test("tells a stream that stopped inside a message from one that ended", async () => {
    const { client, server } = await framedPair();
    await client.send(encodeFrame(Buffer.from("whole")));
    await client.send(encodeFrame(Buffer.from("cut")).subarray(0, 5));
    client.end();

    expect(await server.next()).toBe("whole");
    await expect(server.next()).rejects.toThrow("it ended inside a frame with 1 bytes of the 3 announced");
  });

  test("gives the open last line of a framing that allows one", async () => {
    const { client, server } = await duplexPair();
    const reader = new Framed(server, lines({ lastMayBeOpen: true }));
    await client.send(Buffer.from("a\nb"));
    client.end();

    expect(await collect(reader)).toEqual(["a", "b"]);
  });

  test("gives whole messages that came before the connection was lost, then the reason", async () => {
    const { client, server } = await framedPair();
    await client.send(Buffer.concat([encodeFrame(Buffer.from("a")), encodeFrame(Buffer.from("b"))]));
    expect(await server.next()).toBe("a");

    server.abort(new Error("pulled the plug"));

    expect(await server.next()).toBe("b");
    await expect(server.next()).rejects.toThrow("pulled the plug");
  });
});

describe("Framed deadlines", () => {
  test("an idle peer is dropped while it is waited for", async () => {
    const { server, clock } = await framedPair();
    const waiting = server.next();
    const checked = expect(waiting).rejects.toThrow(/it sent nothing for 5000 ms \(idleTimeoutMs\)/);

    await clock.advance(4999);
    expect(server.connection.isOpen).toBe(true);
    await clock.advance(1);

    await checked;
    expect(clock.armed).toBe(0);
  });

  test("a header that comes byte by byte has to be whole in time", async () => {
    const { client, server, clock } = await framedPair();
    const checked = expect(server.next()).rejects.toThrow(/a header was not complete within 10000 ms/);

    for (let second = 0; second < 10; second++) {
      if (second < 3) {
        client.write(new Uint8Array(1));
        await eventually("the byte is there", () => server.connection.bytesRead > second);
      }
      await clock.advance(second === 9 ? 1200 : 1000);
    }

    await checked;
  });

  test("a message has to be whole in time, though bytes keep coming", async () => {
    const { client, server, clock } = await framedPair();
    const checked = expect(server.next()).rejects.toThrow(/a message was not complete within 60000 ms/);
    client.write(Buffer.from("00000064", "hex"));

    for (let sent = 1; sent <= 13; sent++) {
      client.write(new Uint8Array(1));
      await eventually("the byte is there", () => server.connection.bytesRead >= 4 + sent).catch(() => {});
      await clock.advance(5000);
      if (!server.connection.isOpen) break;
    }

    await checked;
  });

  test("time does not count against the peer while the consumer works", async () => {
    const { client, server, clock } = await framedPair();
    await client.send(Buffer.concat([encodeFrame(Buffer.from("a")), new Uint8Array([0, 0])]));
    expect(await server.next()).toBe("a");

    await clock.advance(100_000);
    await client.send(Buffer.from([0, 1, 0x62]));

    expect(await server.next()).toBe("b");
    expect(server.connection.isOpen).toBe(true);
  });

  test("close, abort and EOF leave no timer", async () => {
    for (const end of ["close", "abort", "eof"] as const) {
      const { client, server, clock } = await framedPair();
      const waiting = server.next();
      waiting.catch(() => {});
      await settled();
      expect(clock.armed).toBe(1);

      if (end === "eof") client.end();
      else if (end === "close") server.close(10);
      else server.abort();
      await waiting.catch(() => {});

      expect(clock.armed, end).toBe(0);
    }
  });
});

import { describe, expect, test } from "vitest";
import { connect, type Connection, listen } from "../../lib/net/mod.ts";
import { Deferred } from "../../lib/base/deferred.ts";
import { duplexPair, readAll } from "../support/duplex_pair.ts";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/fake_clock.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("Connection", () => {
  test("carries bytes both ways, over a unix socket and over TCP", async () => {
    const { client, server } = await duplexPair();
    const echo = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => {
      for await (const chunk of peer.chunks()) await peer.send(chunk);
    });
    const tcp = await connect(echo.address);

    for (const [from, to] of [[client, server], [server, client], [tcp, tcp]] as const) {
      await from.send(text("hello"));
      from.end();
      expect(String(await readAll(to))).toBe("hello");
    }
    await tcp.close();
    await echo.close();
  });

  test("sends everything written in one tick in order, whatever the sizes", async () => {
    const { client, server } = await duplexPair();
    const parts = [1, 16 * 1024, 16 * 1024 + 1, 3, 0, 300_000, 2].map((size, i) => new Uint8Array(size).fill(i));

    for (const part of parts) client.write(part);
    client.end();

    expect(Buffer.concat(parts).equals(await readAll(server))).toBe(true);
  });

  test("receives in the memory that it is given, and elsewhere while the handler is busy, losing nothing", async () => {
    const { client, server } = await duplexPair();
    const memory = Buffer.alloc(3_000_000);
    const sent = Buffer.alloc(memory.length, "0123456789abcdef!");
    let [filled, inPlace, busyTurns] = [0, 0, 0];
    const reading = server.read((chunk) => {
      const belongs = chunk.buffer === memory.buffer && chunk.byteOffset === memory.byteOffset + filled;
      if (belongs) inPlace += chunk.length;
      else chunk.copy(memory, filled);
      filled += chunk.length;
      return ++busyTurns % 3 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
    }, { lend: true, target: () => memory.subarray(filled, filled + 70_000) });

    await client.send(sent);
    client.end();
    await reading;

    expect(filled).toBe(sent.length);
    expect(memory.equals(sent)).toBe(true);
    expect(inPlace).toBeGreaterThan(0);
  });

  test("counts what was not taken by the system yet", async () => {
    const { client } = await duplexPair();

    client.write(new Uint8Array(10));

    expect(client.bufferedBytes).toBe(10);
    await eventually("it is sent", () => client.bufferedBytes === 0);
    expect(client.bytesWritten).toBe(10);
  });
});

describe("Connection.write", () => {
  test("returns false beyond the high-water mark, and drained() resolves when the peer has read", async () => {
    const { client, server } = await duplexPair({ client: { highWaterBytes: 1000 } });
    let isFull = false;
    while (!isFull) isFull = !client.write(new Uint8Array(64 * 1024));
    let drained = false;
    const draining = client.drained().then(() => drained = true);

    await settled();
    const reading = readAll(server);
    await draining;

    expect(drained).toBe(true);
    expect(client.bufferedBytes).toBeLessThanOrEqual(1000);
    client.end();
    await reading;
  });

  test("wakes who waits even where the mark lies below the runtime's own", async () => {
    const { client } = await duplexPair({ client: { highWaterBytes: 10 } });

    await client.send(new Uint8Array(100));

    expect(client.bufferedBytes).toBe(0);
  });

  test("throws after end, close and abort, and says which", async () => {
    const { client, server } = await duplexPair();
    client.end();
    expect(() => client.write(text("x"))).toThrow("the connection is half-closed");

    server.abort(new Error("by test"));
    expect(() => server.write(text("x"))).toThrow("the connection is closed (by test)");
    await expect(server.send(text("x"))).rejects.toThrow("Cannot write to");
  });
});

describe("Connection.drained", () => {
  test("rejects everybody with the reason when the connection is aborted", async () => {
    const { client } = await duplexPair();
    while (client.write(new Uint8Array(256 * 1024)));
    const waiting = [client.drained(), client.drained()];
    const reason = new Error("pulled the plug");

    client.abort(reason);

    for (const each of waiting) await expect(each).rejects.toBe(reason);
    await expect(client.drained()).rejects.toThrow("pulled the plug");
    expect(await client.closed).toBe(reason);
  });
});

describe("Connection.read", () => {
  test("tells when the system has taken bytes, however long they are, and not if the connection ends before", async () => {
    const { client, server } = await duplexPair();
    const taken: string[] = [];
    server.read(() => {}).catch(() => {}); // it ends by the abort
    client.write(text("short"), () => taken.push("short"));
    client.write(Buffer.alloc(1_000_000), () => taken.push("long"));
    await eventually("both are taken", () => taken.length === 2);

    client.write(text("too late"), () => taken.push("too late"));
    client.abort();

    expect(taken).toEqual(["short", "long"]);
  });

  test("lets a slow handler slow the peer down, with flat memory between them", async () => {
    const { client, server } = await duplexPair({ client: { highWaterBytes: 64 * 1024 } });
    const gate = new Deferred<void>();
    let received = 0;
    const reading = server.read((chunk) => {
      received += chunk.length;
      return gate.promise;
    });
    let sent = 0;
    const sending = (async () => {
      for (; sent < 8 * 1024 * 1024; sent += 64 * 1024) await client.send(new Uint8Array(64 * 1024));
      client.end();
    })();

    await eventually("the first chunk is there", () => received > 0);
    const full = await eventually("nothing more goes through", async () => {
      const before = sent;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return before === sent && before;
    });
    expect(full).toBeLessThan(2 * 1024 * 1024);
    gate.resolve();

    await sending;
    await reading;
    expect(received).toBe(8 * 1024 * 1024);
  });

  test("settles only after the last chunk was handled, though EOF came before", async () => {
    const { client, server } = await duplexPair();
    const gate = new Deferred<void>();
    let over = false;
    const reading = server.read(() => gate.promise).then(() => over = true);

    await client.send(text("x"));
    client.end();
    await eventually("the chunk is there", () => server.bytesRead === 1);
    await settled();
    expect(over).toBe(false);
    gate.resolve();

    await reading;
  });

  test.each([
    ["throws", () => {
      throw new Error("bad chunk");
    }],
    ["rejects", () => Promise.reject(new Error("bad chunk"))],
  ])("aborts the connection with what the handler %s, and hands it nothing more", async (_, fail) => {
    const { client, server } = await duplexPair();
    let calls = 0;
    const reading = server.read(() => {
      calls++;
      return fail();
    });

    client.write(new Uint8Array(300_000));

    await expect(reading).rejects.toThrow("bad chunk");
    expect((await server.closed)?.message).toBe("bad chunk");
    await client.closed;
    expect(calls).toBe(1);
  });

  test("hands over nothing after a handler failed between chunks that waited for it", async () => {
    const { client, server } = await duplexPair();
    const seen: number[] = [];
    const reading = server.read(async (chunk) => {
      seen.push(chunk.length);
      await settled();
      if (seen.length === 2) throw new Error("second");
    });

    for (let i = 0; i < 5; i++) {
      await client.send(new Uint8Array(70_000)).catch(() => {}); // the reader hangs up in between
    }

    await expect(reading).rejects.toThrow("second");
    await settled();
    expect(seen.length).toBe(2);
  });

  test("rejects with the reason when the connection is lost or aborted, busy or idle", async () => {
    const [idle, busy] = [await duplexPair(), await duplexPair()];
    const reading = idle.server.read(() => {});
    const handling = busy.server.read(() => new Promise(() => {}));
    await busy.client.send(text("x"));
    await eventually("the handler is busy", () => busy.server.bytesRead === 1);

    idle.server.abort(new Error("first"));
    busy.server.abort(new Error("second"));

    await expect(reading).rejects.toThrow("first");
    await expect(handling).rejects.toThrow("second");
  });

  test("does not take a reset for the end, though it comes together with the last bytes", async () => {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, (peer) =>
      peer.read(() => {
        peer.write(text("half a file"));
        peer.flush();
        peer.abort(undefined, { reset: true });
      }));
    for (let i = 0; i < 10; i++) {
      const client = await connect(listener.address);
      client.write(text("give"));

      await expect(readAll(client)).rejects.toThrow(/the peer reset it \(ECONNRESET\)/);
    }
    await listener.close();
  });

  test("rejects when the connection is gone already, and when it is read twice", async () => {
    const { client, server } = await duplexPair();
    const reading = server.read(() => {});
    await expect(server.read(() => {})).rejects.toThrow("it is read already");
    client.abort();
    await reading.catch(() => {});

    await expect(client.read(() => {})).rejects.toThrow("it was aborted");
  });

  test("does not pass off a stream as complete that was closed on this side while the peer still sent", async () => {
    const { client, server } = await duplexPair();
    const gate = new Deferred<void>();
    let received = 0;
    const reading = server.read((chunk) => {
      received += chunk.length;
      return gate.promise;
    });
    client.write(new Uint8Array(600_000));
    client.end();
    await eventually("the first chunk is there", () => received > 0);

    const closing = server.close();
    gate.resolve();

    await expect(reading).rejects.toThrow("closed here before the peer had sent everything");
    await closing;
    expect(received).toBeLessThan(600_000);
  });
});

describe("Connection.chunks", () => {
  test("is pulled: what is not asked for stays with the peer", async () => {
    const { client, server } = await duplexPair();
    const chunks = server.chunks();
    client.write(new Uint8Array(4 * 1024 * 1024));

    await chunks.next();
    await settled();

    expect(server.bytesRead).toBeLessThan(1024 * 1024);
    await chunks.return(undefined);
  });

  test("ends at the peer's EOF, and what this side still sends arrives", async () => {
    const { client, server } = await duplexPair();
    client.write(text("question"));
    client.end();
    let question = "";
    for await (const chunk of server.chunks()) question += String(chunk);

    await server.send(text("answer"));
    server.end();

    expect(question).toBe("question");
    expect(String(await readAll(client))).toBe("answer");
    expect(await server.closed).toBe(undefined);
  });

  test("tells the loop of a loss that happened while it worked on a chunk", async () => {
    const { client, server } = await duplexPair();
    await client.send(text("x"));
    const loop = (async () => {
      for await (const _ of server.chunks()) {
        server.abort(new Error("lost meanwhile"));
        await settled();
      }
    })();

    await expect(loop).rejects.toThrow("lost meanwhile");
  });

  test("aborts the connection when the loop is left", async () => {
    const { client, server } = await duplexPair();
    await client.send(text("x"));

    for await (const _ of server.chunks()) break;

    expect(server.isOpen).toBe(false);
    expect(String(await readAll(client))).toBe("");
  });
});

describe("Connection.close", () => {
  const closes = async (connection: Connection) => {
    await connection.close();
    expect(await connection.closed).toBe(undefined);
  };

  test("sends what is queued before it ends", async () => {
    const { client, server } = await duplexPair();
    const received = readAll(server);
    client.write(text("last words"));

    const closing = client.close();

    expect(String(await received)).toBe("last words");
    server.end();
    await closing;
  });

  test("shares one promise between calls, and is harmless when idle, half-closed or closed", async () => {
    const { client, server } = await duplexPair();
    server.read(() => {}).then(() => server.end());

    expect(client.close()).toBe(client.close());
    await closes(client);
    await closes(server);
    await closes(server);
  });

  test("sees the peer's end behind bytes that nobody reads", async () => {
    const { client, server } = await duplexPair();
    await server.send(new Uint8Array(300_000));
    server.end();

    await closes(client);
  });

  test("aborts a peer that does not end, after the deadline", async () => {
    const { client, server } = await duplexPair();

    await client.close(20);

    expect((await client.closed)?.message).toMatch(/aborted/);
    expect(server.isOpen).toBe(true);
  });
});

describe("Connection.closed", () => {
  test("settles with undefined after a clean end on both sides", async () => {
    const { client, server } = await duplexPair();
    const [a, b] = [readAll(client), readAll(server)];
    client.end();
    server.end();

    await Promise.all([a, b]);

    expect([await client.closed, await server.closed]).toEqual([undefined, undefined]);
  });

  test("names a reset in words", async () => {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, (peer) => peer.closed.then(() => {}));
    const client = await connect(listener.address);
    const reading = client.read(() => {});
    client.write(new Uint8Array(4 * 1024 * 1024)); // more than one read takes: closing with unread bytes is a reset
    const [server] = await eventually(
      "it is accepted",
      () => listener.connections.size === 1 && [...listener.connections],
    );

    server?.abort();

    await expect(reading).rejects.toThrow(
      /^Cannot keep the connection to 127\.0\.0\.1:\d+: the peer (reset|closed) it \(E/,
    );
    await listener.close();
  });
});

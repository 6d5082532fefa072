import { afterEach, describe, expect, test } from "vitest";
import { ConnectionError, ProtocolError, TimeoutError, UsageError } from "../../lib/base/errors.ts";
import { connect, listen } from "../../lib/net/mod.ts";
import { RedisConnection, type RedisConnectionOptions, RedisError } from "../../lib/redis/mod.ts";
import { type FakeAnswer, FakeRedis } from "../support/fake_redis.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(answer: FakeAnswer, options?: RedisConnectionOptions) {
  const server = await FakeRedis.start(answer);
  cleanups.push(() => server.stop());
  const { port } = new URL(server.url.replace("redis", "http"));
  const connection = new RedisConnection(await connect({ host: "127.0.0.1", port: Number(port) }), options);
  cleanups.push(() => connection.abort());
  return { server, connection };
}

const echo: FakeAnswer = (words) => `+${words.join(" ")}\r\n`;

describe("RedisConnection", () => {
  test("matches replies to commands by their order", async () => {
    const { connection } = await open(echo);

    const replies = await Promise.all([
      connection.run(["a"]),
      connection.runAll([["b"], ["c"]]),
      connection.run(["d"]),
    ]);

    expect(replies).toEqual(["a", ["b", "c"], "d"]);
  });

  test("sends what was asked for in one tick in one write", async () => {
    const chunks: string[] = [];
    const listener = await listen({ host: "127.0.0.1", port: 0 }, (peer) =>
      peer.read((chunk) => {
        chunks.push(chunk.toString());
        peer.write(Buffer.from("+1\r\n+2\r\n+3\r\n"));
      }));
    const connection = new RedisConnection(await connect(listener.address));
    cleanups.push(() => listener.close(), () => connection.abort());

    const one = connection.run(["A"]);
    const others = connection.runAll([["B"], ["C"]]);
    await Promise.all([one, others]);

    expect(chunks).toEqual(["*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n"]);
  });

  test("rejects a command with the server's refusal and names the command", async () => {
    const { connection } = await open(() => "-OOM command not allowed when used memory > 'maxmemory'.\r\n");

    const refusal = connection.run(["LPUSH", "q", "secret"]);

    await expect(refusal).rejects.toThrow(RedisError);
    await expect(refusal).rejects.toThrow("Cannot run LPUSH: OOM command not allowed");
  });

  test("gives refusals inside a pipeline as values", async () => {
    const { connection } = await open(([name]) => name === "bad" ? "-ERR no\r\n" : "+OK\r\n");

    expect(await connection.runAll([["good"], ["bad"], ["good"]])).toEqual(["OK", new RedisError("ERR no"), "OK"]);
  });

  test("rejects everything that waits when the connection ends, and says what may have been carried out", async () => {
    const { connection } = await open(() => undefined);
    const sent = connection.run(["SET", "k", "v"]);
    await new Promise((resolve) => setImmediate(resolve));
    const unsent = connection.run(["SET", "k", "w"]);

    connection.abort();

    await expect(sent).rejects.toMatchObject({ name: "ConnectionError", maybeSent: true });
    await expect(unsent).rejects.toMatchObject({ name: "ConnectionError", maybeSent: false });
    await expect(connection.run(["PING"])).rejects.toThrow(ConnectionError);
  });

  test("rejects everything that waits when the server hangs up", async () => {
    const { connection } = await open((_, peer) => void peer.abort());

    await expect(connection.run(["PING"])).rejects.toMatchObject({ maybeSent: true });
    expect(await connection.closed).toBeInstanceOf(Error);
  });

  test("waits at close for the replies that are due, and takes no more commands", async () => {
    const { connection } = await open(echo);
    const due = connection.run(["slow"]);

    const closing = connection.close();

    await expect(connection.run(["late"])).rejects.toThrow("is closing");
    expect(await due).toBe("slow");
    await closing;
    await connection.close();
  });

  test("ends at once when the server speaks something else", async () => {
    const { connection } = await open(() => "HTTP/1.1 400 Bad Request\r\n\r\n");

    await expect(connection.run(["PING"])).rejects.toThrow("this is HTTP, not Redis");
    expect(await connection.closed).toBeInstanceOf(ProtocolError);
  });

  test("ends when a reply comes that nobody waits for", async () => {
    const { connection } = await open(() => "+one\r\n+two\r\n");

    expect(await connection.run(["PING"])).toBe("one");
    expect(await connection.closed).toBeInstanceOf(ProtocolError);
  });

  test("gives up a server that owes an answer and is silent", async () => {
    const { connection } = await open(() => undefined, { silenceMs: 40 });

    await expect(connection.run(["GET", "k"])).rejects.toThrow("owes an answer to GET and was silent");
    expect(await connection.closed).toBeInstanceOf(TimeoutError);
  });

  test("lets a blocking command be silent as long as it may", async () => {
    let timer: NodeJS.Timeout | undefined;
    const { connection } = await open((words, peer) => {
      timer = setTimeout(() => peer.isOpen && peer.write(Buffer.from(`+${words[0]}\r\n`)), 120);
      return undefined;
    }, { silenceMs: 30 });

    expect(await connection.run(["BRPOP"], { blockMs: 5000 })).toBe("BRPOP");
    clearTimeout(timer);
  });

  test("probes a silent server while idle", async () => {
    const { server, connection } = await open(([name]) => name === "PING" ? undefined : "+OK\r\n", {
      heartbeatMs: 20,
      silenceMs: 20,
    });

    expect(await connection.closed).toBeInstanceOf(TimeoutError);
    expect(server.commands).toEqual([["PING"]]);
  });

  test("refuses more commands than may wait", async () => {
    const { connection } = await open(() => undefined, { maxPending: 1 });
    const first = connection.run(["a"]).catch(() => {});

    await expect(connection.run(["b"])).rejects.toThrow(UsageError);

    connection.abort();
    await first;
  });

  test("hands what is no reply to intercept", async () => {
    const seen: unknown[] = [];
    const { connection } = await open(([name]) => name === "SUBSCRIBE" ? "*1\r\n+event\r\n" : "+OK\r\n", {
      intercept: (value) => Array.isArray(value) && seen.push(value[0]) > 0,
    });

    connection.send(["SUBSCRIBE", "c"]);

    expect(await connection.run(["PING"])).toBe("OK");
    expect(seen).toEqual(["event"]);
  });
});

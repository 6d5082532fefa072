import { describe, expect, test } from "vitest";
import { createLogger, type LogRecord } from "../../lib/base/log.ts";
import { encodeCommand } from "../../lib/redis/wire/mod.ts";
import { anySplit } from "../support/any_split.ts";
import { clientOf, testBroker } from "../support/broker.ts";
import { eventually } from "../support/eventually.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RedisServer } from "../support/redis_server.ts";
import { RespClient } from "../support/resp_client.ts";
import { Seeded } from "../support/seeded.ts";

/** Everything the server says to these bytes, until it hangs up or has answered the closing PING. */
async function conversation(client: RespClient, bytes: Uint8Array | string): Promise<string> {
  client.keepsBytes = true;
  client.raw(bytes);
  client.raw("PING the-end\r\n");
  const end = "$7\r\nthe-end\r\n";
  return await eventually("the server answered", () => {
    const text = client.received.toString("latin1");
    return (client.hasEnded || text.endsWith(end)) && text.replace(end, "");
  }, { everyMs: 1 }).catch(() => client.received.toString("latin1"));
}

describeWithPeers(["redis-server"], "a session beside redis-server", () => {
  test("answers malformed requests in the same words, and hangs up where redis-server does", async () => {
    const redis = await RedisServer.start();
    const broker = await testBroker();
    const cases = [
      "PING\r\n",
      "\r\n\r\nPING\r\n",
      'SET "a b" \'c\'\r\nGET "a b"\r\n',
      'SET a "\\x41\\n"\r\nGET a\r\n',
      'SET a "open\r\n',
      "*0\r\n*-1\r\nPING\r\n",
      "*1\r\n:4\r\n",
      "*1\r\n$-4\r\n",
      "*1\r\n$x\r\n",
      "*x\r\n",
      "*99999999999\r\n",
      "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n",
      "*1\r\n$4\r\nping\r\n*1\r\n$9999999999999\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\n\xff\r\n",
    ];

    for (const bytes of cases) {
      const ours = await clientOf(broker);
      const theirs = await RespClient.open({ path: redis.socketPath });

      expect(await conversation(ours, bytes), JSON.stringify(bytes)).toBe(await conversation(theirs, bytes));
      await theirs.close();
    }
    await redis.stop();
  });
});

describe("a session", () => {
  test("understands commands however the network cuts them", async () => {
    const broker = await testBroker();
    const client = await clientOf(broker);
    const bytes = Buffer.concat([
      encodeCommand(["SET", "k", "a\r\nb"]),
      Buffer.from("GET k\r\n"),
      encodeCommand(["STRLEN", "k"]),
    ]);

    for (const chunks of anySplit(bytes)) {
      for (const chunk of chunks) {
        client.raw(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect([await client.next(), await client.next(), await client.next()]).toEqual(["OK", "a\r\nb", 4]);
    }
  });

  test("answers many thousand commands in one go, in order", async () => {
    const client = await clientOf(await testBroker());
    const one = encodeCommand(["INCR", "n"]);

    client.raw(Buffer.concat(Array.from({ length: 20_000 }, () => one)));

    await eventually("all are answered", () => client.inbox.length === 20_000);
    expect(client.inbox.every((reply, i) => reply === i + 1)).toBe(true);
  });

  test("survives garbage: the broker answers others, and says ERR Protocol error or nothing", async () => {
    const broker = await testBroker();
    const seeded = new Seeded();
    const good = encodeCommand(["SET", "key", "value"]);
    for (let i = 0; i < 60; i++) {
      const client = await clientOf(broker);
      client.raw(seeded.integer(0, 1) === 0 ? seeded.bytes(200) : seeded.mutate(Buffer.concat([good, good, good])));
      client.connection.end();
    }

    expect(await (await clientOf(broker)).call("PING")).toBe("PONG");
  });

  test("tells HTTP and TLS clients what they have met", async () => {
    const broker = await testBroker();

    expect(await conversation(await clientOf(broker), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toBe(
      "-ERR Protocol error: this is HTTP, and here is a Redis server\r\n",
    );
    expect(await conversation(await clientOf(broker), "\x16\x03\x01\x02\x00\x01")).toMatch(
      /^-ERR Protocol error: these are TLS records/,
    );
  });

  test("finishes what it was told before the client half-closed", async () => {
    const client = await clientOf(await testBroker());
    client.send("SET", "a", 1);
    client.send("GET", "a");
    client.connection.end();

    expect([await client.next(), await client.next()]).toEqual(["OK", "1"]);
    await eventually("the broker hangs up too", () => client.hasEnded);
  });

  test("answers QUIT, and then no more", async () => {
    const client = await clientOf(await testBroker());
    client.send("QUIT");
    client.send("PING");

    expect(await client.next()).toBe("OK");
    await eventually("the broker hangs up", () => client.hasEnded);
    expect(client.inbox).toEqual([]);
  });

  test("runs what came behind a blocking command once that is answered", async () => {
    const broker = await testBroker();
    const [worker, producer] = [await clientOf(broker), await clientOf(broker)];
    worker.send("BRPOP", "q", 0);
    worker.send("SET", "after", "1");
    worker.send("BRPOP", "q", 0);
    worker.send("GET", "after");
    await eventually("it waits", async () => await producer.call("GET", "after") === null);

    await producer.call("LPUSH", "q", "x");
    expect([await worker.next(), await worker.next()]).toEqual([["q", "x"], "OK"]);
    await producer.call("LPUSH", "q", "y");

    expect([await worker.next(), await worker.next()]).toEqual([["q", "y"], "1"]);
  });

  test("notices that a waiting client has gone, so that nothing is popped for it", async () => {
    const broker = await testBroker();
    const [gone, other] = [await clientOf(broker), await clientOf(broker)];
    gone.send("BRPOP", "q", 0);
    await eventually("it waits", async () => String(await other.call("INFO", "clients")).includes("blocked_clients:1"));

    gone.connection.abort();
    await eventually(
      "it is forgotten",
      async () => String(await other.call("INFO", "clients")).includes("blocked_clients:0"),
    );
    await other.call("LPUSH", "q", "x");

    expect(await other.call("LLEN", "q")).toBe(1);
  });

  test("speaks RESP3 to who asks for it, with pushes and maps", async () => {
    const client = await clientOf(await testBroker());
    await client.call("HELLO", 3);
    await client.call("HSET", "h", "f", "v");
    client.send("SUBSCRIBE", "c");
    expect(await client.next()).toEqual({ push: ["subscribe", "c", 1] });

    expect(await client.call("HGETALL", "h")).toEqual([["f", "v"]]);
    client.send("PUBLISH", "c", "x");

    expect([await client.next(), await client.next()]).toEqual([{ push: ["message", "c", "x"] }, 1]);
  });
});

describe("the limits of a session", () => {
  test("drop a client that does not read, with a logged reason, and nobody else", async () => {
    const log: LogRecord[] = [];
    const broker = await testBroker({
      outputLimitBytes: 4 * 1024 * 1024,
      log: createLogger((record) => log.push(record), "debug"),
    });
    const [deaf, other] = [await clientOf(broker), await clientOf(broker)];
    expect(await deaf.call("SUBSCRIBE", "c")).toEqual(["subscribe", "c", 1]);
    deaf.pause();

    for (let i = 0; i < 40; i++) await other.call("PUBLISH", "c", "x".repeat(500_000));

    const record = await eventually(
      "it is dropped",
      () => log.find(({ fields }) => /bytes unread/.test(String(fields.reason))),
    );
    expect(record.fields.reason).toMatch(/^it left \d+ bytes unread, the limit is 4194304$/);
    expect(await other.call("PING")).toBe("PONG");
  });

  test("run no more commands of a client than it reads answers for", async () => {
    const broker = await testBroker();
    const [greedy, other] = [await clientOf(broker), await clientOf(broker)];
    await other.call("SET", "big", "x".repeat(1_000_000));
    greedy.pause();
    for (let i = 0; i < 500; i++) greedy.send("GET", "big");
    for (let i = 0; i < 500; i++) greedy.send("INCR", "n");

    await eventually("it has begun", async () => String(await other.call("CLIENT", "LIST")).includes("cmd=get"));
    expect(await other.call("GET", "n")).toBeNull();
  });

  test("refuse clients over maxClients in Redis' words", async () => {
    const broker = await testBroker({ maxClients: 2 });
    await (await clientOf(broker)).call("PING");
    await (await clientOf(broker)).call("PING");

    expect(await (await clientOf(broker)).next()).toEqual({ error: "ERR max number of clients reached" });
  });

  test("refuse an argument over the limit from its announcement alone", async () => {
    const client = await clientOf(await testBroker({ maxBulkBytes: 1000 }));

    client.raw("*2\r\n$4\r\nECHO\r\n$1001\r\n");

    expect(await client.next()).toEqual({ error: "ERR Protocol error: invalid bulk length" });
    await eventually("the broker hangs up", () => client.hasEnded);
  });

  test("drop a client whose command never comes whole", async () => {
    const broker = await testBroker({ requestTimeoutMs: 1 });
    const [slow, other] = [await clientOf(broker), await clientOf(broker)];
    slow.raw("*2\r\n$4\r\n");

    await eventually("it is dropped", () => slow.hasEnded);
    expect(await other.call("PING")).toBe("PONG");
  });

  test("hang up on a client that sends much before its password", async () => {
    const broker = await testBroker({ port: 0, password: "secret" });
    const client = await RespClient.open({ host: "127.0.0.1", port: broker.port ?? 0 });
    client.raw(`*2\r\n$4\r\nECHO\r\n$1000000\r\n${"x".repeat(100_000)}`);

    await eventually("the broker hangs up", () => client.hasEnded);
  });
});

describe("replies and the journal", () => {
  test("leave under `always` only when the disk has it", async () => {
    const disk = new FakeDisk();
    const broker = await testBroker({ durability: "always" }, disk);
    const client = await clientOf(broker);
    let release = () => {};
    disk.syncGate = new Promise<void>((resolve) => release = resolve);
    client.send("SET", "a", 1);
    await eventually("it is written", () => disk.content("journal.1").length > 0);
    expect(client.inbox).toEqual([]);

    release();

    expect(await client.next()).toBe("OK");
  });

  test("turn into errors for what a full disk did not take, while reads go on", async () => {
    const disk = new FakeDisk();
    const broker = await testBroker({ durability: "everysec" }, disk);
    const client = await clientOf(broker);
    await client.call("SET", "a", "old");
    disk.capacity = 0;

    const replies = await client.pipeline([["GET", "a"], ["SET", "b", 1], ["GET", "a"], ["MULTI"], ["SET", "b", 2], [
      "EXEC",
    ]]);

    const full = { error: expect.stringMatching(/^MISCONF the journal cannot be written \(ENOSPC/) };
    expect(replies).toEqual(["old", full, "old", "OK", "QUEUED", full]);
    expect(await client.call("SET", "b", 3)).toEqual(full);
    disk.capacity = Infinity;
    await eventually("writes are accepted again", async () => await client.call("SET", "b", 4) === "OK");
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { LoginError, RedisClient, type RedisOptions } from "../../lib/redis/mod.ts";
import { type FakeAnswer, FakeRedis } from "../support/fake_redis.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(answer: FakeAnswer, login = "", options: Partial<RedisOptions> = {}) {
  const server = await FakeRedis.start(answer);
  const url = server.url.replace("redis://", `redis://${login}`);
  const client = new RedisClient({ url, backoff: { startMs: 5, stepMs: 0 }, ...options });
  cleanups.push(() => server.stop(), () => client.close());
  return { server, client };
}

const modern: FakeAnswer = ([name]) =>
  name === "HELLO" ? "*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n" : "+OK\r\n";

describe("login", () => {
  test("says HELLO with user, password and name, and selects the database", async () => {
    const { server, client } = await start(modern, "user:pass@", { clientName: "celery" });

    await client.ready();

    expect(server.commands).toEqual([["HELLO", "2", "AUTH", "user", "pass", "SETNAME", "celery"], ["PING"]]);
    expect(client.info).toEqual({ server: "redis", version: "7.0.0", protocol: 2 });
  });

  test("says AUTH to a server that does not know HELLO", async () => {
    const { server, client } = await start(
      ([name]) => name === "HELLO" ? "-ERR unknown command `HELLO`\r\n" : "+OK\r\n",
      ":pass@",
      { clientName: "celery" },
    );

    await client.ready();

    expect(server.commands.slice(1)).toEqual([["AUTH", "pass"], ["CLIENT", "SETNAME", "celery"], ["PING"]]);
  });

  test.each([
    ["-WRONGPASS invalid username-password pair or user is disabled.\r\n"],
    ["-NOAUTH HELLO must be called with the client already authenticated\r\n"],
  ])("gives up at %j, which no retry mends", async (refusal) => {
    const { client } = await start(([name]) => name === "HELLO" ? refusal : "+OK\r\n", ":pass@");

    await expect(client.ready()).rejects.toThrow(LoginError);
    await expect(client.run(["PING"])).rejects.toThrow("Cannot log in to Redis at 127.0.0.1");
    expect(client.state.kind).toBe("closed");
  });

  test("gives up when the database does not exist", async () => {
    const { server } = await start(([name]) => name === "SELECT" ? "-ERR DB index is out of range\r\n" : "+OK\r\n");
    const client = new RedisClient({ url: server.url.replace(/0$/, "99") });
    cleanups.push(() => client.close());

    await expect(client.ready()).rejects.toThrow("DB index is out of range");
  });

  test("tries again while the server loads its data", async () => {
    let pings = 0;
    const { client } = await start(([name]) =>
      name === "PING" && pings++ < 2 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+OK\r\n"
    );

    await client.ready();

    expect(pings).toBe(3);
  });

  test("gives up at once on a port that speaks HTTP", async () => {
    const { client } = await start(() => "HTTP/1.1 400 Bad Request\r\n\r\n");

    await expect(client.ready()).rejects.toThrow("this is HTTP, not Redis");
  });

  test("asks a sentinel for the master, and checks that it is one", async () => {
    const { server: master } = await start(([name]) => name === "ROLE" ? "*1\r\n$6\r\nmaster\r\n" : "+OK\r\n");
    const { port } = new URL(master.url.replace("redis", "http"));
    const { server: sentinel } = await start(([name]) =>
      name === "SENTINEL" ? `*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n` : "+OK\r\n"
    );
    const client = new RedisClient({
      url: sentinel.url.replace("redis://", "sentinel://:secret@"),
      sentinel: { masterName: "mymaster" },
    });
    cleanups.push(() => client.close());

    await client.run(["SET", "k", "v"]);

    expect(sentinel.commands).toContainEqual(["SENTINEL", "get-master-addr-by-name", "mymaster"]);
    expect(master.commands.map((words) => words[0])).toEqual(["HELLO", "PING", "ROLE", "SET"]);
    expect(sentinel.commands[0]).toEqual(["HELLO", "2"]);
  });

  test("asks the next sentinel in the same attempt where one is away or knows no such master", async () => {
    const { server: master } = await start(([name]) => name === "ROLE" ? "*1\r\n$6\r\nmaster\r\n" : "+OK\r\n");
    const { port } = new URL(master.url.replace("redis", "http"));
    const answering = (answer: string) => start(([name]) => name === "SENTINEL" ? answer : "+OK\r\n");
    const { server: ignorant } = await answering("*-1\r\n");
    const { server: knowing } = await answering(`*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n`);
    const client = new RedisClient({
      url: ["redis://127.0.0.1:1", ignorant.url, knowing.url].map((url) => url.replace("redis://", "sentinel://")).join(
        ";",
      ),
      sentinel: { masterName: "mymaster" },
      maxAttempts: 1,
    });
    cleanups.push(() => client.close());

    await client.run(["SET", "k", "v"]);

    expect(master.commands).toContainEqual(["SET", "k", "v"]);
  });

  test("refuses a sentinel without the master's name", async () => {
    const client = new RedisClient({ url: "sentinel://127.0.0.1:1" });
    cleanups.push(() => client.close());

    await expect(client.ready()).rejects.toThrow("the option master_name is missing");
  });
});

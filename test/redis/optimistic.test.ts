import { afterAll, beforeAll, expect, test } from "vitest";
import { OptimisticTransactions, RedisClient, textOf } from "../../lib/redis/mod.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RedisServer } from "../support/redis_server.ts";

describeWithPeers(["redis-server"], "OptimisticTransactions", () => {
  let server: RedisServer;
  let redis: RedisClient;
  let transactions: OptimisticTransactions;
  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
    transactions = new OptimisticTransactions(redis);
  });
  afterAll(async () => {
    await transactions.close();
    await redis.close();
    await server.stop();
  });

  const increment = () =>
    transactions.run(["n"], async (read) => {
      const [value = null] = await read([["GET", "n"]]);
      return [["SET", "n", String(Number(textOf(value) ?? 0) + 1)]];
    });

  test("loses no update, however many run at once", async () => {
    const others = new OptimisticTransactions(redis);

    await Promise.all([
      ...Array.from({ length: 20 }, increment),
      others.run(["n"], async (read) => {
        const [value = null] = await read([["GET", "n"]]);
        return [["SET", "n", String(Number(textOf(value) ?? 0) + 1)]];
      }, { attempts: 1000 }),
    ]);

    expect(textOf(await redis.run(["GET", "n"]))).toBe("21");
    await others.close();
  });

  test("starts again when a watched key changes, and gives up in the end", async () => {
    let plans = 0;

    const hopeless = transactions.run(["busy"], async () => {
      plans++;
      await redis.run(["INCR", "busy"]);
      return [["SET", "result", "x"]];
    }, { attempts: 3 });

    await expect(hopeless).rejects.toMatchObject({ prefix: "EXECABORT" });
    expect(plans).toBe(3);
    expect(await redis.run(["EXISTS", "result"])).toBe(0);
  });

  test("changes nothing where the plan wants nothing, or fails", async () => {
    expect(await transactions.run(["n"], () => Promise.resolve(undefined))).toBeUndefined();
    await expect(transactions.run(["n"], () => Promise.reject(new Error("no plan")))).rejects.toThrow("no plan");

    await expect(increment()).resolves.toEqual(["OK"]);
  });
});

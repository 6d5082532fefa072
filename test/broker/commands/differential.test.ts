import { afterAll, beforeAll, expect, test } from "vitest";
import type { Broker } from "../../../lib/broker/mod.ts";
import { startBroker } from "../../../lib/broker/mod.ts";
import { describeWithPeers } from "../../support/peers.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { type PlainReply, RespClient } from "../../support/resp_client.ts";
import { Seeded } from "../../support/seeded.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { FAMILIES, type Family, UNORDERED } from "./random_commands.ts";

const ROUNDS = Number(process.env.DIFFERENTIAL_ROUNDS ?? 2);
const COMMANDS_A_ROUND = 400;

describeWithPeers(["redis-server"], "the broker beside a real redis-server", () => {
  const dir = tempDir();
  let redis: RedisServer;
  let broker: Broker;
  let ours: RespClient;
  let theirs: RespClient;

  beforeAll(async () => {
    redis = await RedisServer.start();
    broker = await startBroker({ folder: dir.path, durability: "memory" });
    ours = await RespClient.open({ path: broker.socketPath });
    theirs = await RespClient.open({ path: redis.socketPath });
  });

  afterAll(async () => {
    await ours?.close();
    await theirs?.close();
    await broker?.close();
    await redis?.stop();
    dir.remove();
  });

  async function compare(family: Family, protocol: 2 | 3): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const seeded = new Seeded(new Seeded().seed + round);
      const random = Array.from({ length: COMMANDS_A_ROUND }, () => family(seeded));
      const commands = [["HELLO", protocol], ["FLUSHALL"], ["SELECT", 0], ...random];

      const [mine, real] = await Promise.all([ours.pipeline(commands), theirs.pipeline(commands)]);

      commands.forEach((words, i) => {
        if (words[0] === "HELLO") return;
        const order = UNORDERED.has(String(words[0]).toUpperCase()) ? sorted : (reply: PlainReply) => reply;
        expect(order(mine[i] ?? null), `seed ${seeded.seed}, command ${i}: ${JSON.stringify(words)}`).toEqual(
          order(real[i] ?? null),
        );
      });
    }
  }

  for (const [name, family] of Object.entries(FAMILIES)) {
    test(`answers random ${name} commands alike, in RESP2`, () => compare(family, 2));
    test(`answers random ${name} commands alike, in RESP3`, () => compare(family, 3));
  }
});

function sorted(reply: PlainReply): PlainReply {
  return Array.isArray(reply)
    ? reply.map(sorted).sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
    : reply;
}

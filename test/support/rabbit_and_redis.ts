import { afterAll, beforeAll } from "vitest";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "./rabbit_server.ts";
import { RedisServer } from "./redis_server.ts";

/** Both servers, for all tests of the present `describe`; to be read inside its tests. */
export function rabbitAndRedis(): { readonly rabbit: RabbitServer; readonly redis: RedisServer } {
  const servers: { rabbit?: RabbitServer; redis?: RedisServer } = {};
  beforeAll(async () => {
    [servers.rabbit, servers.redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => Promise.all([servers.rabbit?.stop(), servers.redis?.stop()]));
  const started = <T>(server: T | undefined): T => {
    if (server === undefined) throw new Error("The servers of these tests have not been started yet");
    return server;
  };
  return {
    get rabbit() {
      return started(servers.rabbit);
    },
    get redis() {
      return started(servers.redis);
    },
  };
}

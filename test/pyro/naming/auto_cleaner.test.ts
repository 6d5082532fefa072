import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { listen } from "../../../lib/net/mod.ts";
import { AutoCleaner } from "../../../lib/pyro/naming/auto_cleaner.ts";
import { NameServer } from "../../../lib/pyro/naming/name_server.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { freePort } from "../../support/redis_server.ts";

describe("AutoCleaner", () => {
  test("removes what could not be reached for 20 s, and nothing else", async () => {
    const clock = new FakeClock();
    const alive = await listen({ host: "127.0.0.1", port: 0 }, (connection) => connection.close());
    onTestFinished(() => alive.close());
    const server = new NameServer();
    const port = "port" in alive.address ? alive.address.port : 0;
    server.register("alive", `PYRO:a@127.0.0.1:${port}`);
    server.register("dead", `PYRO:b@127.0.0.1:${await freePort()}`);
    server.register("Pyro.NameServer", "PYRO:Pyro.NameServer@127.0.0.1:1");
    const cleaner = new AutoCleaner(server, { intervalMs: 5000, timeoutMs: 1000, clock, log: silentLogger });
    onTestFinished(() => cleaner.close());

    for (let sweep = 1; sweep <= 4; sweep++) {
      await clock.advance(5000);
      await eventually("the next sweep is planned", () => clock.armed === 1);
      expect(server.count()).toBe(3);
    }
    await clock.advance(5000);
    await eventually("the dead one is removed", () => server.count() === 2);

    expect([...server.list().keys()]).toEqual(["alive", "Pyro.NameServer"]);
  });

  test("leaves no timer behind", async () => {
    const clock = new FakeClock();
    const cleaner = new AutoCleaner(new NameServer(), { intervalMs: 3000, timeoutMs: 1, clock, log: silentLogger });

    await cleaner.close();

    expect(clock.armed).toBe(0);
  });

  test("refuses an interval under 3 s, in Python's words", () => {
    const options = { intervalMs: 2999, timeoutMs: 1, clock: new FakeClock(), log: silentLogger };

    expect(() => new AutoCleaner(new NameServer(), options)).toThrow("NS_AUTOCLEAN cannot be smaller than 3");
  });
});

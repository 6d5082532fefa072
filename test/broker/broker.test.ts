import { describe, expect, onTestFinished, test } from "vitest";
import { describeBroker, findBroker, runBroker, startBroker } from "../../lib/broker/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { clientOf, testBroker } from "../support/broker.ts";
import { eventually } from "../support/eventually.ts";
import { RespClient } from "../support/resp_client.ts";
import { testDir } from "../support/temp_dir.ts";

describe("startBroker", () => {
  test("brings everything back that was there when it was closed", async () => {
    const folder = testDir();
    const first = await startBroker({ folder });
    const client = await clientOf(first);
    await client.pipeline([["SELECT", 5], ["RPUSH", "q", "\xff", "b"], ["SET", "s", "v", "EXAT", 4102444800], [
      "ZADD",
      "z",
      "1.5",
      "m",
    ]]);
    await first.close();

    const second = await testBroker({ folder, durability: "everysec" });
    const again = await clientOf(second);

    expect(await again.pipeline([["SELECT", 5], ["LRANGE", "q", 0, -1], ["EXPIRETIME", "s"], ["ZSCORE", "z", "m"]]))
      .toEqual(
        ["OK", ["\xff", "b"], 4102444800, "1.5"],
      );
    expect(second.recoveredRecords).toBe(3);
  });

  test("refuses to be reached by other machines without a password", async () => {
    await expect(startBroker({ folder: testDir(), port: 0, host: "0.0.0.0" })).rejects.toThrow(
      "Cannot listen on 0.0.0.0: other machines could reach it, and there is no password; set one, or use 127.0.0.1",
    );
  });

  test("answers LOADING while it reads its journal, and serves afterwards", async () => {
    const disk = new FakeDisk();
    const before = await testBroker({ durability: "everysec" }, disk);
    await (await clientOf(before)).call("SET", "a", 1);
    await before.close();
    const folder = testDir();
    const slow = disk.afterKill();
    let release = () => {};
    const gate = new Promise<void>((resolve) => release = resolve);
    const read = slow.read.bind(slow);
    slow.read = async function* (name) {
      await gate;
      yield* read(name);
    };
    const starting = startBroker({ folder }, slow);
    onTestFinished(async () => (await starting).close());

    const path = await eventually("it listens", () => findBroker(folder));
    const client = await RespClient.open({ path });
    expect(await client.call("GET", "a")).toEqual({ error: "LOADING the broker is reading its journal" });
    expect(await client.call("PING")).toBe("PONG");
    release();
    await starting;

    expect(await client.call("GET", "a")).toBe("1");
    client.connection.abort();
  });

  test("repairs on request, and starts normally the next time", async () => {
    const disk = new FakeDisk();
    const before = await testBroker({ durability: "everysec" }, disk);
    const client = await clientOf(before);
    for (const word of ["a", "b", "c"]) await client.call("RPUSH", "q", word);
    await before.close();
    disk.damage("journal.1", (bytes) => {
      bytes[bytes.indexOf("\nb\r") + 1] = 0x78;
      return bytes;
    });

    await expect(startBroker({ folder: testDir() }, disk.afterKill())).rejects.toThrow(/--repair/);
    const damaged = disk.afterKill();
    const repaired = await testBroker({ durability: "everysec", repair: true }, damaged);
    expect(await (await clientOf(repaired)).call("LRANGE", "q", 0, -1)).toEqual(["a", "c"]);
    await repaired.close();
    const next = await testBroker({ durability: "everysec" }, damaged.afterKill());

    expect(await (await clientOf(next)).call("LRANGE", "q", 0, -1)).toEqual(["a", "c"]);
  });
});

describe("close", () => {
  test("sends what is owed, hangs up, and leaves no timer behind: idle, busy, twice", async () => {
    for (const isBusy of [false, true]) {
      const clock = new FakeClock();
      const broker = await startBroker({ folder: testDir(), clock });
      const client = await RespClient.open({ path: broker.socketPath });
      const waiting = await RespClient.open({ path: broker.socketPath });
      if (isBusy) {
        waiting.send("BRPOP", "q", 100);
        waiting.send("Q.HOLD", "w", 100);
      }
      expect(await client.call("SET", "a", 1)).toBe("OK");

      await Promise.all([broker.close("enough"), broker.close("again")]);

      await eventually("both are hung up on", () => client.hasEnded && waiting.hasEnded);
      expect([await broker.closed, clock.armed]).toEqual(["enough", 0]);
    }
  });

  test("is what SHUTDOWN does", async () => {
    const broker = await testBroker();
    (await clientOf(broker)).send("SHUTDOWN", "NOSAVE");

    expect(await broker.closed).toBe("SHUTDOWN was called");
  });

  test("is what nobody does for idleMs, counted from the last client", async () => {
    const clock = new FakeClock();
    const broker = await testBroker({ clock, idleMs: 5000 });
    const client = await clientOf(broker);
    await client.call("PING");
    await clock.advance(20_000);
    expect(await client.call("PING")).toBe("PONG");

    await client.close();
    await eventually("it is alone", async () => {
      await clock.advance(1000);
      return clock.armed === 0;
    });

    expect(await broker.closed).toBe("no client came for 5000 ms");
  });
});

describe("compaction", () => {
  test("begins by itself when the journal has grown, and is asked for by BGREWRITEAOF", async () => {
    const clock = new FakeClock();
    const disk = new FakeDisk();
    const broker = await testBroker({ clock, durability: "everysec", compactAtBytes: 10_000 }, disk);
    const client = await clientOf(broker);
    for (let i = 0; i < 300; i++) client.send("SET", "k", `value ${i}`);
    await eventually("all are answered", () => client.inbox.length === 300);
    client.inbox.length = 0;

    await clock.advance(1000);
    await eventually("it is compact", async () => (await disk.list()).includes("snapshot.2"));
    expect(disk.content("snapshot.2").length).toBeLessThan(200);
    expect(await client.call("BGREWRITEAOF")).toBe("Background append only file rewriting started");
    await eventually("it is compact again", async () => (await disk.list()).sort().join() === "journal.3,snapshot.3");

    expect(await client.call("GET", "k")).toBe("value 299");
  });

  test("is refused where nothing is kept", async () => {
    const client = await clientOf(await testBroker());

    expect(await client.call("BGREWRITEAOF")).toEqual({
      error: "ERR there is no journal to compact: the durability is memory",
    });
  });
});

describe("expired keys", () => {
  test("are removed although nobody asks for them, and stay removed after a restart", async () => {
    const clock = new FakeClock();
    const disk = new FakeDisk();
    const broker = await testBroker({ clock, durability: "everysec" }, disk);
    const client = await clientOf(broker);
    await client.pipeline(Array.from({ length: 1200 }, (_, i) => ["SET", `k${i}`, 1, "PX", 100]));

    await clock.advance(3000);

    await eventually("they are gone", async () => await client.call("DBSIZE") === 0);
    await broker.close();
    const again = await testBroker({ durability: "everysec" }, disk.afterKill());
    expect(await (await clientOf(again)).call("DBSIZE")).toBe(0);
  });
});

describe("runBroker", () => {
  test("shows a banner that names the durability and its loss window, and ends with its signal", async () => {
    const folder = testDir();
    const printed: string[] = [];
    const stop = new AbortController();
    const running = runBroker({ folder, signal: stop.signal, idleMs: 9000, print: (text) => printed.push(text) });

    await eventually("it has started", () => printed.length === 1);
    expect(printed[0]).toMatch(/^three-classics broker \(pid \d+\)\n/);
    expect(printed[0]).toContain(
      " .> durability: everysec: survives the broker's end at once, a power cut but for the last second\n",
    );
    expect(printed[0]).toContain(` .> python:     redis+socket://${folder}/broker.sock\n`);
    stop.abort();
    await running;

    expect(printed[1]).toBe("Broker ended: it was told to stop");
  });

  test("shows where it listens on TCP, and never the password", async () => {
    const broker = await testBroker({ port: 0, password: "secret" });

    expect(describeBroker(broker)).toMatch(/ \.> tcp: +127\.0\.0\.1:\d+, with password\n/);
    expect(describeBroker(broker)).not.toContain("secret");
  });
});

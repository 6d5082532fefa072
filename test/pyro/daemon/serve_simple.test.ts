import { describe, expect, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";

class Bell {
  static exposed = ["ring"];

  ring(): string {
    return "ding";
  }
}

describe("Daemon.serveSimple", () => {
  test("without a name server takes the names for ids, and serves until it is told to end", async () => {
    const ending = new AbortController();
    const printed: string[] = [];
    const served = Pyro.Daemon.serveSimple([[Bell, "bell"], [new Bell()]], {
      host: "127.0.0.1",
      ns: false,
      print: (line) => printed.push(line),
      signal: ending.signal,
    });
    const lines = await eventually("it runs", () => printed.length === 3 && printed);

    expect(lines[0]).toMatch(/^Object <class 'Bell'>:\n {4}uri = PYRO:bell@127\.0\.0\.1:\d+$/);
    expect(lines[1]).toMatch(/^Object <Bell object>:\n {4}uri = PYRO:obj_[0-9a-f]{32}@127\.0\.0\.1:\d+$/);
    const proxies = lines.slice(0, 2).map((line) => new Pyro.Proxy<Bell>(line.split(" = ")[1] ?? ""));
    expect(await Promise.all(proxies.map((proxy) => proxy.ring()))).toEqual(["ding", "ding"]);

    await Promise.all(proxies.map((proxy) => proxy._pyroRelease()));
    ending.abort();
    await served;
  });

  test("closes its daemon where no name server can be found", async () => {
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1" });

    const served = Pyro.Daemon.serveSimple([[new Bell(), "bell"]], {
      daemon,
      config: { NS_HOST: "127.0.0.1", NS_PORT: 1, BROADCAST_ADDRS: "" },
    });

    await expect(served).rejects.toThrow("Failed to locate the nameserver");
    await daemon.requestLoop(); // it has ended
  });

  test("closes its daemon where something cannot be registered", async () => {
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1" });

    const served = Pyro.Daemon.serveSimple([[new Bell(), "bell"], [new Bell(), "bell"]], { daemon, ns: false });

    await expect(served).rejects.toThrow("an object or class is already registered with that id");
    await daemon.requestLoop();
  });
});

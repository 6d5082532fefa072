import { expect, onTestFinished, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program } from "../../support/program.ts";
import { freePort } from "../../support/redis_server.ts";

/** What Pyro4's own echo server exposes. */
interface EchoServer {
  verbose: boolean;
  echo(message: unknown): unknown;
  error(): void;
  error_with_text(): void;
  oneway_echo(message: unknown): void;
  generator(): Generator<string>;
  nan(): number;
  inf(): number;
  shutdown(): void;
  __dunder__(): string;
}

describeWithPeers(["python-pyro4"], "Pyro4's echo server", () => {
  test("answers our proxy with everything it has, and shuts down when asked", async () => {
    const program = new Program(PYTHON, ["-u", "-m", "Pyro4.test.echoserver", "-H", "127.0.0.1", "-p", "0"]);
    onTestFinished(() => void program.stop());
    const [, uri = ""] = await program.printed(/echo uri: (\S+)/);
    const proxy = new Pyro.Proxy<EchoServer>(uri);
    const items: string[] = [];

    expect(await proxy.echo({ a: [1, "zwei", null, 2.5] })).toEqual({ a: [1, "zwei", null, 2.5] });
    await expect(proxy.error()).rejects.toThrow("expected error from echoserver error() method");
    await expect(proxy.error_with_text()).rejects.toMatchObject({ remoteType: "builtins.ValueError" });
    expect(await proxy.oneway_echo("nothing comes back")).toBeNull();
    for await (const item of await proxy.generator()) items.push(item);
    expect(items).toEqual(["one", "two", "three"]);
    expect([await proxy.nan(), await proxy.inf()]).toEqual([NaN, Infinity]);
    expect(await proxy.__dunder__()).toBe("should be allowed (dunder)");
    await proxy._pyroSetAttribute("verbose", true);
    expect(await proxy.verbose).toBe(true);

    await proxy.shutdown();
    await proxy._pyroRelease();
    expect(await program.exit()).toBe(0);
  });
});

class Shop {
  static exposed = ["order", "fail", "stock"];

  get stock(): number {
    return 7;
  }

  order(name: string, amount = "1"): string {
    return `${amount} × ${name}`;
  }

  fail(): void {
    throw new RangeError("sold out");
  }
}

describeWithPeers(["python-pyro4"], "Pyro4's HTTP gateway", () => {
  test("shows the objects of our daemon, found through our name server, and calls them", async () => {
    const nameServer = await Pyro.startNS({ host: "127.0.0.1", port: 0, broadcast: false });
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1" });
    onTestFinished(async () => {
      await daemon.close(100);
      await nameServer.close();
    });
    const at = nameServer.uri;
    const names = await Pyro.locateNS(at.host, at.port);
    await names.register("http.shop", daemon.register(Shop));
    await names._pyroRelease();
    const port = await freePort();
    const gateway = new Program(
      PYTHON,
      ["-u", "-m", "Pyro4.utils.httpgateway", "-H", "127.0.0.1", "-p", String(port), "-e", "http\\."],
      { env: { PYRO_NS_HOST: "127.0.0.1", PYRO_NS_PORT: String(at.port) } },
    );
    onTestFinished(() => void gateway.stop());
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/pyro/${path}`);
      return { status: response.status, body: await response.text() };
    };
    await eventually("the gateway listens", async () => (await get("")).status === 200);

    const page = (await get("")).body;

    expect(page).toMatch(/>http\.shop<\/a><\/td><td>(fail &nbsp; order|order &nbsp; fail)<\/td>/);
    expect(page).toContain(">stock</a></td>");
    expect(JSON.parse((await get("http.shop/$meta")).body)).toEqual({
      methods: expect.arrayContaining(["order", "fail"]),
      attributes: ["stock"],
    });
    expect(await get("http.shop/order?name=chair&amount=4")).toEqual({ status: 200, body: '"4 × chair"' });
    expect(await get("http.shop/stock")).toEqual({ status: 200, body: "7" });
    expect(await get("http.shop/fail")).toEqual({ status: 500, body: expect.stringContaining("sold out") });
  });
});

import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { Deferred } from "../../../lib/base/deferred.ts";
import { connect, listen } from "../../../lib/net/mod.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { freePort } from "../../support/redis_server.ts";
import { run } from "../../support/program.ts";

interface Shop {
  readonly stock: number;
  order(name: string, amount?: number): string;
  hold(): string;
  list(): Generator<string>;
  echo(value: unknown): unknown;
}

interface OpenShop {
  readonly daemon: Pyro.Daemon;
  readonly uri: Pyro.Uri;
  readonly release: Deferred<string>;
  /** Calls of `hold` that have begun. */
  holding(): number;
}

async function openShop(options: Pyro.DaemonOptions = {}): Promise<OpenShop> {
  const release = new Deferred<string>();
  let holding = 0;
  class Counter {
    static exposed = ["stock", "order", "hold", "list", "echo"];

    get stock(): number {
      return 7;
    }

    order(name: string, amount = 1): string {
      return `${amount} × ${name}`;
    }

    async hold(): Promise<string> {
      holding++;
      return await release.promise;
    }

    *list(): Generator<string> {
      yield "table";
      yield "chair";
    }

    echo(value: unknown): unknown {
      return value;
    }
  }
  const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", ...options });
  onTestFinished(() => {
    release.resolve("over");
    return daemon.close(100);
  });
  return { daemon, uri: daemon.register(Counter, "shop"), release, holding: () => holding };
}

function proxyOf(uri: Pyro.Uri | string, options: Pyro.ProxyOptions = {}): Pyro.Proxy<Shop> {
  const proxy = new Pyro.Proxy<Shop>(uri, options);
  onTestFinished(() => proxy._pyroRelease());
  return proxy;
}

describe("Proxy", () => {
  test("is typed by the far object's interface", async () => {
    const { uri } = await openShop();
    const proxy = proxyOf(uri);

    const answer: string = await proxy.order("chair");
    const stock: number = await proxy.stock;
    const names: string[] = [];
    for await (const name of await proxy.list()) names.push(name.toUpperCase());
    // @ts-expect-error order takes a text
    const wrong = proxy.order(1).catch(() => {});

    expect([answer, stock, names]).toEqual(["1 × chair", 7, ["TABLE", "CHAIR"]]);
    await wrong;
  });

  test("connects when it is first used, and not before", async () => {
    const { uri, daemon } = await openShop();
    const proxy = proxyOf(uri);

    expect([proxy._pyroConnected, daemon.connectionCount]).toEqual([false, 0]);
    await proxy.order("chair");

    expect([proxy._pyroConnected, daemon.connectionCount]).toEqual([true, 1]);
  });

  test("passes keyword arguments by the far parameters' names", async () => {
    const proxy = proxyOf((await openShop()).uri);

    expect(await proxy.order("chair", Pyro.kwargs({ amount: 4 }))).toBe("4 × chair");
    await expect(proxy.order(Pyro.kwargs({ name: "chair", colour: "red" }))).rejects.toThrow(
      "Counter.order() got an unexpected keyword argument 'colour'",
    );
  });

  test("is no thenable, whatever asks it, before and after it knows its members", async () => {
    const proxy = proxyOf((await openShop()).uri);
    const asked = () => [
      Reflect.get(proxy, "then"),
      Reflect.get(proxy, Symbol.iterator),
      Reflect.get(proxy, Symbol.toPrimitive),
      Reflect.get(proxy, "toJSON"),
      Reflect.get(proxy, "constructor"),
      Reflect.get(proxy, "_pyroNoSuchThing"),
    ];
    const before = asked();

    expect(await Promise.resolve(proxy)).toBe(proxy);
    await proxy.order("chair");

    expect([...before, ...asked()]).toEqual(Array.from({ length: 12 }, () => undefined));
  });

  test("shows its address where it is printed, and is told by instanceof", async () => {
    const { uri } = await openShop();
    const proxy = proxyOf(uri);

    expect(inspect(proxy)).toContain(`'${uri}'`);
    expect(proxy).toBeInstanceOf(Pyro.Proxy);
    expect([Pyro.isProxy(proxy), Pyro.isProxy({})]).toEqual([true, false]);
  });

  test("has its far members for `in`, once it knows them", async () => {
    const proxy = proxyOf((await openShop()).uri);
    expect("order" in proxy).toBe(false);

    await proxy._pyroBind();

    expect(["order" in proxy, "stock" in proxy, "_pyroUri" in proxy, "nosuch" in proxy, "then" in proxy]).toEqual(
      [true, true, true, false, false],
    );
  });

  test("refuses names that the far object does not have, in Python's words", async () => {
    const { uri } = await openShop();
    const proxy = new Pyro.Proxy(uri);
    onTestFinished(() => proxy._pyroRelease());
    const words = `remote object '${uri}' has no exposed attribute or method 'nosuch'`;

    await expect(proxy["nosuch"]?.()).rejects.toThrow(words);
    await expect(proxy["nosuch"]?.()).rejects.toMatchObject({ remoteType: "builtins.AttributeError", message: words });
    await expect(Promise.resolve(new Pyro.Proxy(uri)["nosuch"])).rejects.toThrow(words);
  });

  test("refuses assignments, and says what to write instead", async () => {
    const proxy = proxyOf((await openShop()).uri);

    expect(() => Reflect.set(proxy, "stock", 8)).toThrow('use await proxy._pyroSetAttribute("stock", value)');
    expect(() => Reflect.deleteProperty(proxy, "stock")).toThrow("Cannot assign stock");
    expect(() => {
      proxy._pyroTimeout = -1;
    }).toThrow("Cannot use _pyroTimeout: expected a number from 0, got -1 (number)");
  });

  test("keeps Python's settings, in seconds", async () => {
    const proxy = proxyOf((await openShop()).uri);

    proxy._pyroTimeout = 1.5;
    proxy._pyroMaxRetries = 2;
    proxy._pyroSerializer = "json";

    expect([proxy._pyroTimeout, proxy._pyroMaxRetries, proxy._pyroSerializer]).toEqual([1.5, 2, "json"]);
    expect(await proxy.echo({ a: [1, 2.5] })).toEqual({ a: [1, 2.5] });
    proxy._pyroTimeout = null;
    expect(proxy._pyroTimeout).toBeNull();
  });

  test.each([["http://x", "invalid uri"], ["PYRO:x", "invalid uri"], ["PYROLOC:x@y:1", "invalid uri (protocol)"]])(
    "refuses the uri %s",
    (text, words) => {
      expect(() => new Pyro.Proxy(text)).toThrow(words);
    },
  );

  test("travels, and so do objects that are registered: a callback needs nothing else", async () => {
    const { uri, daemon } = await openShop();
    const heard: string[] = [];
    const listener = Pyro.expose({ hear: (text: string) => void heard.push(text) }, ["hear"]);
    daemon.register(listener);
    const proxy = proxyOf(uri);

    const back = await proxy.echo(listener) as Pyro.Proxy<typeof listener>;
    await back.hear("hello");
    const again = await proxy.echo(back) as Pyro.Proxy<typeof listener>;

    expect(heard).toEqual(["hello"]);
    expect(String(again._pyroUri)).toBe(String(daemon.uriFor(listener)));
    expect([...again._pyroMethods]).toEqual(["hear"]);
    await back._pyroRelease();
  });

  test("lets a program end that has not released it", async () => {
    const { uri } = await openShop();
    const program = `import * as Pyro from "./lib/pyro/mod.ts";
      console.log(await new Pyro.Proxy("${uri}").order("chair"));`;

    const ended = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);

    expect(ended).toEqual({ code: 0, stdout: "1 × chair\n", stderr: "" });
  });
});

describe("Proxy, many calls at a time", () => {
  test("sends them all on one connection, and gives each its own answer", async () => {
    const { uri, daemon } = await openShop();
    const proxy = proxyOf(uri);

    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => proxy.echo(i)));

    expect(answers).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(daemon.connectionCount).toBe(1);
  });

  test("counts its requests from 65535 on from 0 again", async () => {
    const proxy = proxyOf((await openShop()).uri);

    proxy._pyroSeq = 65_533;

    expect(await Promise.all([1, 2, 3, 4].map((i) => proxy.echo(i)))).toEqual([1, 2, 3, 4]);
    expect(proxy._pyroSeq).toBe(1);
  });

  test("refuses more than may wait for their answers", async () => {
    const { uri, release } = await openShop();
    const proxy = proxyOf(uri, { maxInFlight: 2 });
    await proxy._pyroBind();
    const held = [proxy.hold(), proxy.hold()];

    await expect(proxy.echo(1)).rejects.toThrow("Cannot call echo: 2 calls wait for their answers; await some of them");
    release.resolve("on");

    expect(await Promise.all(held)).toEqual(["on", "on"]);
  });

  test("spreads them over more connections where it may open them", async () => {
    const { uri, daemon, release } = await openShop();
    const proxy = proxyOf(uri, { connections: 3 });
    const held = [proxy.hold(), proxy.hold()];
    await eventually("both are held", () => daemon.connectionCount === 2);

    expect(await proxy.echo("not held up")).toBe("not held up");
    release.resolve("on");

    expect(await Promise.all(held)).toEqual(["on", "on"]);
    expect(daemon.connectionCount).toBe(3);
  });

  test("collects them into one message with batch, and stops at the first that fails", async () => {
    const proxy = proxyOf((await openShop()).uri);
    const calls = Pyro.batch(proxy);
    calls.order("chair");
    calls.order("table", Pyro.kwargs({ amount: 2 }));
    calls.order(Pyro.kwargs({}));
    calls.order("never");

    const results = await calls();

    expect(results.next().value).toBe("1 × chair");
    expect(results.next().value).toBe("2 × table");
    expect(() => results.next()).toThrow("Counter.order() missing 1 required positional argument: 'name'");
    expect([...await calls()]).toEqual([]);
  });

  test("does not take a batch for a promise", async () => {
    const calls = Pyro.batch(proxyOf((await openShop()).uri));

    expect(await Promise.resolve(calls)).toBe(calls);
    expect(() => Pyro.batch({} as Pyro.Proxy)).toThrow("Cannot batch calls: that is no proxy");
  });
});

describe("Proxy, giving a call up", () => {
  test("rejects a call that takes longer than its timeout, and goes on over a new connection", async () => {
    const { uri } = await openShop();
    const clock = new FakeClock();
    const proxy = proxyOf(uri, { timeoutMs: 400, clock });
    await proxy._pyroBind();
    const held = proxy.hold();
    const rejection = expect(held).rejects.toMatchObject({
      name: "TimeoutError",
      maybeSent: true,
      message: "receiving: timeout (no answer to hold within 400 ms; it was sent, and may have been carried out)",
    });

    await clock.advance(400);

    await rejection;
    expect(await proxy.order("chair")).toBe("1 × chair");
    expect(clock.armed).toBe(0);
  });

  test("rejects with the signal's own reason, and leaves the calls before it alone", async () => {
    const { uri, release, holding } = await openShop();
    const proxy = proxyOf(uri);
    const controller = new AbortController();
    const before = proxy.hold();
    const aborted = proxy._pyroWith({ signal: controller.signal }).hold();
    await eventually("the first is held", () => holding() === 1);

    controller.abort("changed my mind");

    await expect(aborted).rejects.toBe("changed my mind");
    expect(await proxy.order("chair")).toBe("1 × chair"); // it did not wait behind them
    release.resolve("on");
    expect(await before).toBe("on");
  });

  test("sends nothing at all with a signal that was aborted before", async () => {
    const { uri, daemon } = await openShop();
    const proxy = proxyOf(uri);

    await expect(proxy._pyroWith({ signal: AbortSignal.abort("too late") }).order("chair")).rejects.toBe("too late");

    expect([daemon.connectionCount, proxy._pyroSeq]).toEqual([0, 0]);
  });

  test("says whether a call may have been carried out when its connection breaks", async () => {
    const { uri, daemon, holding } = await openShop();
    const proxy = proxyOf(uri);
    const held = proxy.hold();
    const rejection = expect(held).rejects.toMatchObject({
      name: "ConnectionClosedError",
      maybeSent: true,
      message: expect.stringContaining("the call of hold has no answer; it was sent, and may have been carried out"),
    });
    await eventually("it is held", () => holding() === 1);

    await daemon.close(10);

    await rejection;
    await expect(proxy.order("chair")).rejects.toMatchObject({ name: "CommunicationError", maybeSent: false });
  });

  test("rejects what waits when it is released, and connects again for the next call", async () => {
    const { uri, holding } = await openShop();
    const proxy = proxyOf(uri);
    const held = expect(proxy.hold()).rejects.toThrow("the connection was released");
    await eventually("it is held", () => holding() === 1);

    await proxy._pyroRelease();

    await held;
    expect(await proxy.order("chair")).toBe("1 × chair");
  });
});

describe("Proxy, connecting", () => {
  test("says where nothing listens, as Python does", async () => {
    const port = await freePort();

    await expect(proxyOf(`PYRO:shop@127.0.0.1:${port}`).order("chair")).rejects.toMatchObject({
      name: "CommunicationError",
      message: expect.stringMatching(
        new RegExp(`^cannot connect to \\('127\\.0\\.0\\.1', ${port}\\): .*ECONNREFUSED`),
      ),
    });
  });

  test.each([
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "the peer speaks HTTP"],
    ["Pyro5", "PYRO\x01\xf6\x03\x01".padEnd(40, "\0"), "the peer speaks Pyro5"],
  ])("says that the server speaks %s", async (_name, answer, hint) => {
    const server = await listen(
      { host: "127.0.0.1", port: 0 },
      (peer) => peer.read(() => peer.send(Buffer.from(answer, "latin1"))),
    );
    onTestFinished(() => server.close());
    const { port } = server.address as { port: number };

    await expect(proxyOf(`PYRO:shop@127.0.0.1:${port}`).order("chair")).rejects.toThrow(hint);
  });

  test("does not wait for ever for a server that says nothing", async () => {
    const server = await listen({ host: "127.0.0.1", port: 0 }, (peer) => peer.read(() => {}));
    onTestFinished(() => server.close());
    const { port } = server.address as { port: number };

    await expect(proxyOf(`PYRO:shop@127.0.0.1:${port}`, { timeoutMs: 50 }).order("chair")).rejects.toMatchObject({
      name: "TimeoutError",
      message: expect.stringContaining("cannot connect to"),
    });
  });

  test("comes back to a daemon that was started again on its port, and tries as often as it was told", async () => {
    const { uri, daemon } = await openShop();
    const { port } = daemon.address as { port: number };
    const clock = new FakeClock();
    const proxy = proxyOf(uri, { clock });
    await proxy.order("chair");
    await daemon.close();

    const failed = expect(proxy._pyroReconnect(2)).rejects.toThrow("failed to reconnect");
    await eventually("the first try has failed", () => clock.armed === 1);
    await clock.advance(2000);
    await failed;
    await openShop({ port });

    expect(await proxy.order("chair")).toBe("1 × chair");
  });

  test("repeats a call after a loss, as often as maxRetries says", async () => {
    const { uri } = await openShop();
    let accepted = 0;
    const flaky = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => {
      if (++accepted < 3) return peer.abort();
      const through = await connect({ host: "127.0.0.1", port: uri.port ?? 0 });
      await Promise.all([peer.read((bytes) => through.send(bytes)), through.read((bytes) => peer.send(bytes))]);
    });
    onTestFinished(() => flaky.close());
    const target = `PYRO:shop@127.0.0.1:${(flaky.address as { port: number }).port}`;

    await expect(proxyOf(target, { maxRetries: 0 }).order("chair")).rejects.toMatchObject({
      name: "ConnectionClosedError",
      maybeSent: false,
    });

    expect(await proxyOf(target, { maxRetries: 1 }).order("chair")).toBe("1 × chair");
  });

  test("binds a name to the address that it stands for, and only then", async () => {
    const { uri, daemon } = await openShop();
    const names = Pyro.expose({ lookup: (name: string) => name === "example.shop" ? uri : null }, ["lookup"]);
    daemon.register(names, "Pyro.NameServer");
    const proxy = proxyOf(`PYRONAME:example.shop@${daemon.location}`);

    expect(await proxy.order("chair")).toBe("1 × chair");
    expect(String(proxy._pyroUri)).toBe(`PYRONAME:example.shop@${daemon.location}`);
    await proxy._pyroRelease();
    await proxy._pyroBind();

    expect(String(proxy._pyroUri)).toBe(String(uri));
    expect(String(await Pyro.resolve(`PYRONAME:example.shop@${daemon.location}`))).toBe(String(uri));
  });

  test("finds an object by its tags, or says that none has them", async () => {
    const { uri, daemon } = await openShop();
    const names = Pyro.expose({
      list: (metadata_all: Set<string>) => metadata_all.has("shop") ? { "example.shop": String(uri) } : {},
    }, ["list"]);
    daemon.register(names, "Pyro.NameServer");

    expect(await proxyOf(`PYROMETA:shop,open@${daemon.location}`).order("chair")).toBe("1 × chair");
    await expect(Pyro.resolve(`PYROMETA:closed@${daemon.location}`)).rejects.toThrow(
      "no registrations available with desired metadata properties {'closed'}",
    );
  });
});

describe("Proxy, closing", () => {
  test.each([
    ["idle", async (proxy: Pyro.Proxy<Shop>) => void await proxy.order("chair")],
    ["never connected", () => Promise.resolve()],
  ])("is done when %s, and a second time it does nothing", async (_state, prepare) => {
    const { uri, daemon } = await openShop();
    const proxy = proxyOf(uri);
    await prepare(proxy);

    await proxy._pyroRelease();
    await proxy._pyroRelease();

    await eventually("the daemon has seen it go", () => daemon.connectionCount === 0);
    expect(proxy._pyroConnected).toBe(false);
  });

  test("is done at the end of a scope", async () => {
    const { uri, daemon } = await openShop();
    {
      await using proxy = new Pyro.Proxy<Shop>(uri);
      await proxy.order("chair");
    }

    await eventually("the daemon has seen it go", () => daemon.connectionCount === 0);
  });

  test("is done after the daemon is gone", async () => {
    const { uri, daemon } = await openShop();
    const proxy = proxyOf(uri);
    await proxy.order("chair");
    await daemon.close();

    await proxy._pyroRelease();

    expect(proxy._pyroConnected).toBe(false);
  });
});

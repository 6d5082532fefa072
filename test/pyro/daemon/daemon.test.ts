import { describe, expect, onTestFinished, test } from "vitest";
import { Deferred } from "../../../lib/base/deferred.ts";
import type { LogRecord } from "../../../lib/base/log.ts";
import { createLogger } from "../../../lib/base/log.ts";
import { connect, type Connection } from "../../../lib/net/mod.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { testDir } from "../../support/temp_dir.ts";

/** Methods that a test can hold back and let go. */
class Worker {
  static exposed = ["quick", "hold", "fail", "failSlowly", "note", "notes", "track", "who", "level", "countTo", "odd"];
  static oneway = ["note"];
  static release = new Deferred<string>();
  static noted: unknown[] = [];
  static holding = 0;
  #level = 1;

  get level(): number {
    return this.#level;
  }

  set level(level: number) {
    if (level < 0) throw new RangeError("a level is never negative");
    this.#level = level;
  }

  quick(): string {
    return "quick";
  }

  async hold(): Promise<string> {
    Worker.holding++;
    return await Worker.release.promise;
  }

  fail(): void {
    throw new RangeError("out of range");
  }

  async failSlowly(): Promise<void> {
    await Promise.resolve();
    throw Object.assign(new TypeError("wrong type"), { detail: 42 });
  }

  async note(value: unknown): Promise<void> {
    Worker.noted.push(value);
    await Worker.release.promise;
  }

  notes(): unknown[] {
    return Worker.noted;
  }

  track(): void {
    Pyro.currentContext()?.trackResource({ close: () => Worker.noted.push("closed") });
  }

  async who(): Promise<string | undefined> {
    await Promise.resolve();
    return Pyro.currentContext()?.clientAddress;
  }

  async *countTo(n: number): AsyncGenerator<number> {
    for (let i = 1; i <= n; i++) yield await Promise.resolve(i);
  }

  odd(): unknown {
    return { rows: [1, () => 2] };
  }
}

async function startDaemon(options: Pyro.DaemonOptions = {}): Promise<Pyro.Daemon> {
  Worker.release = new Deferred();
  Worker.noted = [];
  Worker.holding = 0;
  const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", ...options });
  onTestFinished(() => daemon.close(100));
  daemon.register(Worker, "worker");
  return daemon;
}

function proxyOf(daemon: Pyro.Daemon, options: Pyro.ProxyOptions = {}): Pyro.Proxy<Worker> {
  const proxy = new Pyro.Proxy<Worker>(daemon.uriFor("worker"), options);
  onTestFinished(() => proxy._pyroRelease());
  return proxy;
}

async function plainConnection(daemon: Pyro.Daemon): Promise<{ connection: Connection; ended: Promise<string> }> {
  const connection = await connect(daemon.address);
  onTestFinished(() => connection.abort());
  let heard = "";
  const ended = connection.read((chunk) => void (heard += chunk.toString("latin1"))).then(() => heard, () => heard);
  return { connection, ended };
}

function memoryLog(): { log: ReturnType<typeof createLogger>; records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { log: createLogger((record) => records.push(record), "warn"), records };
}

describe("Daemon.register", () => {
  test("gives an address that proxies can use, and takes each object and each id once", async () => {
    const daemon = await startDaemon();
    const object = Pyro.expose({ hello: () => "hello" }, ["hello"]);

    const uri = daemon.register(object);

    expect(String(uri)).toMatch(/^PYRO:obj_[0-9a-f]{32}@127\.0\.0\.1:\d+$/);
    expect(() => daemon.register(object)).toThrow("object or class already has a Pyro id");
    expect(() => daemon.register({}, "worker")).toThrow("an object or class is already registered with that id");
    expect(String(daemon.register(object, "worker", true))).toContain("PYRO:worker@");
    expect(await new Pyro.Proxy<typeof object>(daemon.uriFor("worker")).hello()).toBe("hello");
  });

  test("forgets what is unregistered, but never the daemon's own object", async () => {
    const daemon = await startDaemon();
    const proxy = proxyOf(daemon);
    expect(await proxy.quick()).toBe("quick");

    daemon.unregister(Worker);
    daemon.unregister("Pyro.Daemon");

    await expect(proxy.quick()).rejects.toThrow("unknown object");
    expect(() => daemon.unregister(Worker)).toThrow("object isn't registered");
    expect(() => daemon.uriFor(Worker)).toThrow("object isn't registered in this daemon");
    expect(String(daemon.uriFor("any.text"))).toContain("PYRO:any.text@");
    const self = new Pyro.Proxy<{ registered(): string[] }>(daemon.uriFor("Pyro.Daemon"));
    expect(await self.registered()).toEqual(["Pyro.Daemon"]);
  });

  test("gives a proxy that knows its members without asking", async () => {
    const daemon = await startDaemon();

    const proxy = daemon.proxyFor<Worker>(Worker);

    expect([...proxy._pyroMethods]).toContain("quick");
    expect(proxy._pyroConnected).toBe(false);
    expect(await proxy.quick()).toBe("quick");
    await proxy._pyroRelease();
  });

  test("shows new proxies a member that was exposed later", async () => {
    class Growing {
      first(): void {}
      second(): string {
        return "second";
      }
    }
    const daemon = await startDaemon();
    const uri = daemon.register(Pyro.expose(Growing, ["first"]));
    Pyro.expose(Growing, ["first", "second"]);

    await expect(new Pyro.Proxy<Growing>(uri).second()).rejects.toThrow("has no exposed attribute or method 'second'");
    daemon.resetMetadataCache(Growing);

    expect(await new Pyro.Proxy<Growing>(uri).second()).toBe("second");
  });
});

describe("Daemon, calling", () => {
  test("answers errors with their Python class, words, attributes and traceback", async () => {
    const proxy = proxyOf(await startDaemon());

    await expect(proxy.fail()).rejects.toMatchObject({ remoteType: "builtins.ValueError", message: "out of range" });
    await expect(proxy.failSlowly()).rejects.toMatchObject({
      remoteType: "builtins.TypeError",
      message: "wrong type",
      attributes: { detail: 42 },
      remoteTraceback: expect.stringMatching(
        /^Traceback \(most recent call last\):\n( {2}File ".*", line \d+, in .*\n)+TypeError: wrong type\n$/,
      ),
    });
  });

  test("names the path of what cannot be sent", async () => {
    const proxy = proxyOf(await startDaemon());

    await expect(proxy.odd()).rejects.toThrow(/value\.rows\[1\].*don't know how to serialize function/);
    expect(await proxy.quick()).toBe("quick");
  });

  test("reads and writes attributes through their accessors", async () => {
    const proxy = proxyOf(await startDaemon());

    await proxy._pyroSetAttribute("level", 5);

    expect(await proxy.level).toBe(5);
    await expect(proxy._pyroSetAttribute("level", -1)).rejects.toThrow("a level is never negative");
  });

  test("serves a slow connection and a quick one side by side", async () => {
    const daemon = await startDaemon();
    const slow = proxyOf(daemon).hold();

    expect(await proxyOf(daemon).quick()).toBe("quick");
    Worker.release.resolve("held");

    expect(await slow).toBe("held");
  });

  test("carries out the calls of one connection in order", async () => {
    const proxy = proxyOf(await startDaemon());
    const order: string[] = [];

    const calls = [proxy.hold(), proxy.quick()].map((call) => call.then((value) => order.push(value)));
    await eventually("both are on their way", () => proxy._pyroSeq === 2);
    Worker.release.resolve("held");
    await Promise.all(calls);

    expect(order).toEqual(["held", "quick"]);
  });

  test("does not let a oneway call hold up the next one", async () => {
    const proxy = proxyOf(await startDaemon());

    expect(await proxy.note("a")).toBeNull();

    expect(await proxy.notes()).toEqual(["a"]);
  });

  test("makes a client wait that has too many oneway calls running", async () => {
    const proxy = proxyOf(await startDaemon({ maxOnewayCalls: 2 }));
    const later = (async () => {
      for (const item of ["a", "b", "c"]) await proxy.note(item);
      return await proxy.notes();
    })();

    await eventually("two calls run", () => Worker.noted.length === 2);
    Worker.release.resolve("on");

    expect(await later).toEqual(["a", "b", "c"]);
  });

  test("streams what an asynchronous generator yields", async () => {
    const proxy = proxyOf(await startDaemon());
    const items: number[] = [];

    for await (const item of await proxy.countTo(3)) items.push(item);

    expect(items).toEqual([1, 2, 3]);
  });

  test("tells a method who calls, in whatever it awaits", async () => {
    const proxy = proxyOf(await startDaemon());

    expect(await proxy.who()).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(Pyro.currentContext()).toBeUndefined();
  });

  test("passes the correlation id of a call on to the calls that it makes", async () => {
    const daemon = await startDaemon();
    const seen: (string | undefined)[] = [];
    const inner = Pyro.expose({ end: () => void seen.push(Pyro.currentContext()?.correlationId.text) }, ["end"]);
    const innerUri = daemon.register(inner);
    const outer = Pyro.expose({ start: () => new Pyro.Proxy<typeof inner>(innerUri).end() }, ["start"]);
    const correlationId = new Pyro.Uuid("11112222-1111-2222-3333-222244449999");
    const proxy = new Pyro.Proxy<typeof outer>(daemon.register(outer));

    await proxy._pyroWith({ correlationId }).start();

    expect(seen).toEqual([correlationId.text]);
  });
});

describe("Daemon, its clients", () => {
  test("is asked about every client by its handshake", async () => {
    const daemon = await startDaemon({
      validateHandshake: async (client, handshake) => {
        await Promise.resolve();
        if (handshake !== "sesame") throw new Error(`no entry for ${client.address.split(":")[0]}`);
        return "come in";
      },
    });
    const responses: unknown[] = [];

    const accepted = proxyOf(daemon, { handshake: "sesame", validateHandshake: (said) => void responses.push(said) });

    expect(await accepted.quick()).toBe("quick");
    expect(responses).toEqual(["come in"]);
    await expect(proxyOf(daemon).quick()).rejects.toThrow(/rejected: no entry for 127\.0\.0\.1$/);
  });

  test("is told when a client goes, and lets go of its resources and instances", async () => {
    const gone: string[] = [];
    const daemon = await startDaemon({ clientDisconnect: (client) => void gone.push(client.address) });
    const proxy = proxyOf(daemon);
    const address = await proxy.who();
    await proxy.track();

    await proxy._pyroRelease();

    await eventually("the daemon has noticed", () => gone.length === 1 && Worker.noted.length === 1);
    expect(gone).toEqual([address]);
    expect(Worker.noted).toEqual(["closed"]);
  });

  test("turns clients away that are too many, with Python's words", async () => {
    const daemon = await startDaemon({ config: { THREADPOOL_SIZE: 1 } });
    const first = proxyOf(daemon);
    await first.quick();

    await expect(proxyOf(daemon).quick()).rejects.toThrow("no free workers, increase server threadpool size");
    await first._pyroRelease();

    await eventually("the place is free again", async () => await proxyOf(daemon).quick() === "quick");
  });

  test("drops a client that stays silent, before and after its greeting", async () => {
    const clock = new FakeClock();
    const daemon = await startDaemon({ clock, handshakeTimeoutMs: 1000, config: { COMMTIMEOUT: 5 } });
    const { ended } = await plainConnection(daemon);
    const proxy = proxyOf(daemon);
    expect(await proxy.quick()).toBe("quick");

    await clock.advance(1000);
    expect(await ended).toBe("");
    expect(proxy._pyroConnected).toBe(true);
    await clock.advance(5000);

    await eventually("the idle client was dropped", () => !proxy._pyroConnected);
    expect(await proxy.quick()).toBe("quick"); // over a new connection
  });

  test.each([
    ["an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "the peer speaks HTTP"],
    ["a Pyro5 greeting", "PYRO\x01\xf6\x01\x01".padEnd(40, "\0"), "the peer speaks Pyro5"],
    ["noise", "\0".repeat(40), "expected PYRO"],
  ])("says in its log that %s came, and refuses it as Python does", async (_what, bytes, hint) => {
    const { log, records } = memoryLog();
    const daemon = await startDaemon({ log });
    const { connection, ended } = await plainConnection(daemon);

    connection.write(Buffer.from(bytes, "latin1"));

    expect(await ended).toContain("invalid data or unsupported protocol version");
    expect(String(records.map(({ fields }) => fields["error"]))).toContain(hint);
    expect(await proxyOf(daemon).quick()).toBe("quick");
  });

  test("answers too large a message by hanging up, and too large an answer as well", async () => {
    const daemon = await startDaemon({ config: { MAX_MESSAGE_SIZE: 2000 } });
    const big = Pyro.expose({ echo: (text: string) => text, big: () => "x".repeat(3000) }, ["echo", "big"]);
    const proxy = new Pyro.Proxy<typeof big>(daemon.register(big));

    await expect(proxy.echo("x".repeat(3000))).rejects.toThrow("receiving: ");
    await expect(proxy.big()).rejects.toThrow("receiving: ");
    expect(await proxy.echo("small")).toBe("small");
  });
});

describe("Daemon, its address", () => {
  test("stands in URIs as it was given, or as the outside sees it", async () => {
    const daemon = await startDaemon({ host: "localhost", nathost: "outside.example", natport: 0 });
    const port = (daemon.address as { port: number }).port;

    expect(daemon.location).toBe(`localhost:${port}`);
    expect(String(daemon.uriFor("worker"))).toBe(`PYRO:worker@outside.example:${port}`);
    expect(String(daemon.uriFor("worker", false))).toBe(`PYRO:worker@localhost:${port}`);
    expect(daemon.describe()).toContain(
      `bound on localhost:${port}, NAT outside.example:${port}, 2 objects registered.`,
    );
  });

  test.each([
    [{ natport: 9999 }, "must provide natport with nathost"],
    [{ nathost: "x", unixsocket: "/tmp/x.sock" }, "cannot use nathost together with unixsocket"],
    [{ port: 70_000 }, "Cannot use port"],
  ])("refuses %o", async (options, words) => {
    await expect(Pyro.Daemon.start(options)).rejects.toThrow(words);
  });

  test("may be a unix socket, which is gone when the daemon is", async () => {
    const path = `${testDir()}/pyro.sock`;
    const daemon = await startDaemon({ unixsocket: path });

    expect(String(daemon.uriFor("worker"))).toBe(`PYRO:worker@./u:${path}`);
    expect(await proxyOf(daemon).quick()).toBe("quick");
    await daemon.close();

    await expect(connect({ path })).rejects.toThrow("Cannot connect");
  });

  test("may be an IPv6 address, bracketed in URIs", async () => {
    const daemon = await startDaemon({ host: "::1" });

    expect(String(daemon.uriFor("worker"))).toMatch(/^PYRO:worker@\[::1\]:\d+$/);
    expect(await proxyOf(daemon).quick()).toBe("quick");
  });

  test("is refused where something else listens", async () => {
    const daemon = await startDaemon();
    const { port } = daemon.address as { port: number };

    await expect(Pyro.Daemon.start({ host: "127.0.0.1", port })).rejects.toThrow("the address is in use");
  });
});

describe("Daemon.close", () => {
  test("lets a call that is being carried out end with its answer, and begins no other", async () => {
    const daemon = await startDaemon();
    const proxy = proxyOf(daemon);
    await proxy.quick();
    const held = proxy.hold();
    const waiting = proxy.note("never begun");
    await eventually("the first is being carried out", () => Worker.holding === 1);

    const closed = daemon.close();
    Worker.release.resolve("held");

    expect(await held).toBe("held");
    await waiting;
    await closed;
    expect(Worker.noted).toEqual([]);
  });

  test("drops calls that take longer than it was told to wait", async () => {
    const daemon = await startDaemon();
    const held = proxyOf(daemon).hold();
    const rejection = expect(held).rejects.toMatchObject({ name: "ConnectionClosedError", maybeSent: true });
    await eventually("the call is being carried out", () => Worker.holding === 1);

    await daemon.close(10);

    await rejection;
    Worker.release.resolve("too late");
  });

  test("is the same promise twice, and ends requestLoop", async () => {
    const daemon = await startDaemon();
    const loop = daemon.requestLoop();

    const [first, second] = [daemon.close(), daemon.close()];

    expect(first).toBe(second);
    await first;
    await loop;
  });

  test("frees its objects for another daemon", async () => {
    await (await startDaemon()).close();

    expect(await proxyOf(await startDaemon()).quick()).toBe("quick");
  });

  test("is begun by shutdown from inside a method, which still gets its answer out", async () => {
    const daemon = await startDaemon();
    const object = Pyro.expose({ stop: () => daemon.shutdown() }, ["stop"]);
    const proxy = new Pyro.Proxy<typeof object>(daemon.register(object));

    expect(await proxy.stop()).toBeNull();

    await daemon.requestLoop();
  });

  test("comes by itself once the condition of requestLoop is false", async () => {
    const clock = new FakeClock();
    const daemon = await startDaemon({ clock });
    let goOn = true;
    const loop = daemon.requestLoop(() => goOn);
    await clock.advance(4000);
    goOn = false;

    await clock.advance(2000);

    await loop;
  });

  test("keeps house until then", async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const daemon = await startDaemon({ clock, config: { POLLTIMEOUT: 1 }, housekeeping: () => void rounds++ });

    await clock.advance(3500);
    await daemon.close();
    await clock.advance(5000);

    expect(rounds).toBe(3);
    expect(clock.armed).toBe(0);
  });
});

describe("Daemon, instances", () => {
  class Counter {
    static exposed = ["incr"];
    #n = 0;

    incr(): number {
      return ++this.#n;
    }
  }

  test.each([
    ["session", [1, 2, 1, 3]],
    ["percall", [1, 1, 1, 1]],
    ["single", [1, 2, 3, 4]],
  ])("are made %s: two proxies count %j", async (instanceMode, expected) => {
    const Own = Pyro.behavior(class extends Counter {}, { instanceMode: instanceMode as Pyro.InstanceMode });
    const daemon = await startDaemon();
    const uri = daemon.register(Own);
    const [a, b] = [new Pyro.Proxy<Counter>(uri), new Pyro.Proxy<Counter>(uri)];

    expect([await a.incr(), await a.incr(), await b.incr(), await a.incr()]).toEqual(expected);
    await Promise.all([a._pyroRelease(), b._pyroRelease()]);
  });

  test("come from the creator, which has to return the right class", async () => {
    class Named extends Counter {
      static override exposed = ["name"];
      readonly #name: string;

      constructor(name = "unnamed") {
        super();
        this.#name = name;
      }

      name(): string {
        return this.#name;
      }
    }
    const daemon = await startDaemon();
    const uri = daemon.register(Pyro.behavior(Named, { instanceCreator: () => new Named("created") }));
    const wrong = daemon.register(
      Pyro.behavior(class Wrong extends Named {}, { instanceCreator: () => new Named("of the base class") }),
    );

    expect(await new Pyro.Proxy<Named>(uri).name()).toBe("created");
    await expect(new Pyro.Proxy<Named>(wrong).name()).rejects.toThrow(
      "instance creator returned object of different type",
    );
  });
});

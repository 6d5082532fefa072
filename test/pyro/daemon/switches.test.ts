import { describe, expect, onTestFinished, test } from "vitest";
import { createLogger, type LogRecord } from "../../../lib/base/log.ts";
import { Deferred } from "../../../lib/base/deferred.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";

class Press {
  static exposed = ["print", "printed", "pages"];
  static oneway = ["print"];
  readonly done = new Deferred<void>();
  readonly #printed: string[] = [];

  async print(text: string): Promise<void> {
    await this.done.promise;
    this.#printed.push(text);
  }

  printed(): string[] {
    return this.#printed;
  }

  *pages(): Generator<number> {
    yield 1;
  }
}

async function start(
  config: Partial<Pyro.PyroConfig>,
  more: Pyro.ProxyOptions & Pyro.DaemonOptions = {},
): Promise<{ press: Press; proxy: Pyro.Proxy<Press> }> {
  const press = new Press();
  const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", ...more, config });
  const proxy = new Pyro.Proxy<Press>(daemon.register(press), { ...more, config });
  onTestFinished(async () => {
    press.done.resolve();
    await proxy._pyroRelease();
    await daemon.close();
  });
  return { press, proxy };
}

describe("Switched by the configuration", () => {
  test("oneway calls hold up the next call with ONEWAY_THREADED off, and do not with it on", async () => {
    for (const isThreaded of [false, true]) {
      const { press, proxy } = await start({ ONEWAY_THREADED: isThreaded });
      await proxy.print("page");
      const asked = proxy.printed();
      if (isThreaded) expect(await asked).toEqual([]);
      press.done.resolve();

      expect(await asked).toEqual(isThreaded ? [] : ["page"]);
    }
  });

  test("generators are refused with ITER_STREAMING off, in Python's words", async () => {
    const { proxy } = await start({ ITER_STREAMING: false });

    await expect(proxy.pages()).rejects.toThrow(
      "result of call is an iterator, but the server is not configured to allow streaming",
    );
    expect(await proxy.printed()).toEqual([]); // over a new connection
  });

  test("any name is a method with METADATA off, and the daemon decides", async () => {
    const { proxy } = await start({ METADATA: false });

    expect(await proxy.printed()).toEqual([]);
    expect([...proxy._pyroMethods]).toEqual([]);
    await expect((proxy as Pyro.Proxy<Press & { nothing(): void }>).nothing()).rejects.toThrow(
      "'Press' object has no attribute 'nothing'",
    );
  });

  test("every message is logged on either side with LOGWIRE on", async () => {
    const records: LogRecord[] = [];
    const { proxy } = await start({ LOGWIRE: true }, { log: createLogger((record) => records.push(record), "debug") });
    await proxy.printed();

    const wire = records.filter(({ message }) => message.includes("wiredata"));
    expect(wire.map(({ message, fields }) => `${message}: ${String(fields["message"]).split(" ")[0]}`)).toEqual([
      "proxy wiredata sending: CONNECT",
      "daemon wiredata received: CONNECT",
      "daemon wiredata sending: CONNECTOK",
      "proxy wiredata received: CONNECTOK",
      "proxy wiredata sending: INVOKE",
      "daemon wiredata received: INVOKE",
      "daemon wiredata sending: RESULT",
      "proxy wiredata received: RESULT",
    ]);
  });
});

test("An abstract unix socket joins our own two ends; Python's it does not find, because Node pads its name", async () => {
  const press = new Press();
  const daemon = await Pyro.Daemon.start({ unixsocket: `\0pyro-test-${process.pid}` });
  const proxy = new Pyro.Proxy<Press>(daemon.register(press));

  expect(await proxy.printed()).toEqual([]);
  await proxy._pyroRelease();
  await daemon.close();
});

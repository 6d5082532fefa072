import { expect, onTestFinished, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program, run, script } from "../../support/program.ts";
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

/** What Pyro4's own `echoserver` example asks, and a little more. */
const ECHO_CLIENT = `
import sys, Pyro4
def error_of(call):
    try:
        call()
    except Exception as error:
        return repr(error)
p = Pyro4.Proxy(sys.argv[1])
print([p.echo("hello"), p.echo([1, 2.5, (3,)]), list(p.generator()), p.inf(), str(p.nan()), p.__dunder__(), p.oneway_echo(1)])
print([error_of(p.error), error_of(p.error_with_text), error_of(lambda: p._pyroInvoke("_private", (), {}))])
print(sorted(p._pyroMethods), sorted(p._pyroOneway), sorted(p._pyroAttrs), p.verbose)
p.verbose = True
print(p.verbose)
p.shutdown()
`;

describeWithPeers(["python-pyro4"], "echoserver", () => {
  test("prints and answers what Python's prints and answers", async () => {
    const seen: string[] = [];
    const start = ["-H", "127.0.0.1", "-p", "0"];
    const theirs: [string, string[]] = [PYTHON, ["-u", "-m", "Pyro4.test.echoserver", ...start]];
    for (const command of [theirs, script("lib/pyro/cli.ts", ["echoserver", ...start])]) {
      const server = new Program(...command);
      onTestFinished(() => void server.stop());
      const [, uri = ""] = await server.printed(/echo uri: (\S+)[^]*running/);
      const { stdout, stderr } = await run(PYTHON, ["-c", ECHO_CLIENT, uri]);
      expect(await server.exit(), stderr).toBe(0);
      seen.push(`${server.stdout.replace(/:\d+$/m, ":PORT").replace(/^.* - shutting down\n/m, "")}${stdout}`);
    }

    expect(seen[1]).toBe(seen[0]);
    expect(seen[0]).toContain("['hello', [1, 2.5, (3,)], ['one', 'two', 'three'], inf, 'nan'");
  });
});

describeWithPeers(["python-pyro4"], "check-config", () => {
  test("prints the items that Python prints, but for what differs on purpose", async () => {
    const env = { PYRO_COMMTIMEOUT: "2.5", PYRO_COMPRESSION: "yes", PYRO_NS_BCHOST: "example", PYRO_LOGLEVEL: "INFO" };
    const theirs = await run(PYTHON, ["-c", "import Pyro4; print(Pyro4.config.dump())"], { env });
    const ours = await run(...script("lib/pyro/cli.ts", ["check-config"]), { env });

    const lines = (text: string) =>
      text.trimEnd().split("\n").filter((line) =>
        !/^(Loaded from|\w+ version: (CPython|\d+\.\d+\.\d+ )|MAX_MESSAGE_SIZE|THREADPOOL_SIZE|SOCK_NODELAY)/.test(line)
      ).map((line) => line.startsWith("SERIALIZERS") ? [...line].sort().join("") : line); // a set, in any order
    expect(lines(ours.stdout)).toEqual(lines(theirs.stdout));
    expect(lines(ours.stdout)).toContain("COMMTIMEOUT = 2.5");
  });

  test("ends with an error for what is no boolean", async () => {
    const { stderr, code } = await run(...script("lib/pyro/cli.ts", ["check-config"]), {
      env: { PYRO_COMPRESSION: "maybe" },
    });

    expect(stderr).toContain("invalid boolean value: PYRO_COMPRESSION=maybe");
    expect(code).not.toBe(0);
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

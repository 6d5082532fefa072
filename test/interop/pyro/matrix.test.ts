import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Daemon, locateNS, Proxy, type RemoteNameServer } from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { originalPath } from "../../support/originals.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program, run, script } from "../../support/program.ts";
import { freePort } from "../../support/redis_server.ts";

type Command = [command: string, args: string[]];

const python = (path: string, ...args: string[]): Command => [PYTHON, [path, ...args]];
const ours = (path: string, ...args: string[]): Command => script(path, args);

/** The same four programs on either side. */
const SIDES = {
  Python: {
    nameServer: (
      port: number,
    ): Command => [PYTHON, ["-m", "Pyro4.naming", "-n", "127.0.0.1", "-p", String(port), "-x"]],
    server: python(originalPath("pyro/pyro_server")),
    client: (name: string) => python(originalPath("pyro/pyro_client"), name),
    link: (name: string, next: string) => python(originalPath("pyro/chainTopology"), name, next),
  },
  ours: {
    nameServer: (port: number) => ours("lib/pyro/cli.ts", "ns", "-n", "127.0.0.1", "-p", String(port), "-x"),
    server: ours("pyro/pyro_server.ts"),
    client: (name: string) => ours("pyro/pyro_client.ts", name),
    link: (name: string, next: string) => ours("pyro/chainTopology.ts", name, next),
  },
} as const;

/** Programs are compiled when they start, several at a time: on a busy machine that alone takes half a minute. */
const PATIENCE = { timeout: 90_000 };

type Side = keyof typeof SIDES;
const BOTH: readonly Side[] = ["Python", "ours"];

async function startNameServer(side: Side): Promise<{ program: Program; port: number; env: NodeJS.ProcessEnv }> {
  const port = await freePort();
  const program = new Program(...SIDES[side].nameServer(port));
  await program.printed(/URI = PYRO:/);
  return { program, port, env: { PYRO_NS_HOST: "127.0.0.1", PYRO_NS_PORT: String(port), PYTHONUNBUFFERED: "1" } };
}

for (const side of BOTH) {
  describeWithPeers(["python-pyro4"], `With the name server of ${side}`, () => {
    let names: Awaited<ReturnType<typeof startNameServer>>;
    beforeAll(async () => {
      names = await startNameServer(side);
    });
    afterAll(() => names.program.stop());

    test.each(BOTH)("the server of %s greets both clients", PATIENCE, async (server) => {
      const serving = new Program(...SIDES[server].server, { env: names.env });
      onTestFinished(() => void serving.stop());
      await serving.printed(/Ready\. Object uri = PYRO:/);

      const greetings = await Promise.all(
        BOTH.map((client) => run(...SIDES[client].client("Ada"), { env: names.env })),
      );

      expect(greetings.map(({ stdout, stderr }) => stdout + stderr)).toEqual(["Hi welcome Ada\n", "Hi welcome Ada\n"]);
      expect(serving.output).not.toContain("no name server");
    });
  });
}

describeWithPeers(["python-pyro4"], "Our name server under Python's tools", () => {
  let names: Awaited<ReturnType<typeof startNameServer>>;
  beforeAll(async () => {
    names = await startNameServer("ours");
  });
  afterAll(() => names.program.stop());

  test("a chain closes over every kind of neighbour: Python, Python, ours, ours", PATIENCE, async () => {
    const links = [["1", "2", "Python"], ["2", "3", "Python"], ["3", "4", "ours"], ["4", "1", "ours"]] as const;
    const programs = links.map(([name, next, kind]) =>
      new Program(...SIDES[kind].link(name, next), { env: names.env })
    );
    onTestFinished(() => void Promise.all(programs.map((program) => program.stop())));
    await Promise.all(programs.map((program) => program.printed(/is ready/)));
    const closed = [1, 2, 3, 4].map((link) => `passed on from ${link}`);

    const chain = new Proxy<{ process(message: string[]): string[] }>(
      `PYRONAME:example.chain.1@127.0.0.1:${names.port}`,
    );
    expect(await chain.process([])).toEqual([...closed, "complete at 1"]);
    await chain._pyroRelease();
    const program = "import Pyro4; print(Pyro4.Proxy('PYRONAME:example.chain.1').process([]))";
    const fromPython = await run(PYTHON, ["-c", program], { env: names.env });

    expect(fromPython.stdout.trim()).toBe(`[${[...closed, "complete at 1"].map((line) => `'${line}'`).join(", ")}]`);
    expect(programs[0]?.stdout).toContain("Back at 1, the chain is closed");
  });

  test("Pyro4.nsc manages it", async () => {
    const lines = [
      ...["ping", "register a.b PYRO:x@h:1", "register a.b PYRO:x@h:1", "setmeta a.b red", "listmeta_any red green"],
      ...["listmatching (", "remove a.b", "lookup a.b"],
    ];
    const program = "import sys\nfrom Pyro4 import nsc\nfor line in sys.argv[2:]:\n" +
      "    nsc.main(['-n', '127.0.0.1', '-p', sys.argv[1], *line.split()])";
    const { stdout, stderr } = await run(PYTHON, ["-c", program, String(names.port), ...lines]);

    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "Name server ping ok.",
      "Registered a.b",
      "Error: NamingError - name already registered: a.b",
      "Metadata updated",
      "--------START LIST  - searched by metadata",
      "a.b --> PYRO:x@h:1",
      "    metadata: ['red']",
      "--------END LIST  - searched by metadata",
      "Error: NamingError - invalid regex: missing ), unterminated subpattern at position 0",
      "Removed a.b",
      "Error: NamingError - unknown name: a.b",
      "",
    ]);
  });

  test("Pyro4.locateNS, every serializer, and every method with its keyword arguments work on it", async () => {
    const program = `
import Pyro4
for Pyro4.config.SERIALIZER in ("serpent", "json", "marshal"):
    ns = Pyro4.locateNS()
    before = ns.count()
    ns.register("t.one", "PYRO:o@h:1", metadata=["x", "y"])
    ns.register("t.two", Pyro4.URI("PYRO:o@h:2"))
    uri, meta = ns.lookup("t.one", return_metadata=True)
    assert (str(uri), sorted(meta)) == ("PYRO:o@h:1", ["x", "y"])
    assert ns.lookup("t.two") == Pyro4.URI("PYRO:o@h:2")
    assert set(ns.list()) >= {"Pyro.NameServer", "t.one", "t.two"}
    assert ns.list(prefix="t.tw") == {"t.two": "PYRO:o@h:2"}
    assert list(ns.list(metadata_all={"x"} if Pyro4.config.SERIALIZER != "json" else ["x"])) == ["t.one"]
    assert ns.remove(regex="t.one|t.two") == 2 and ns.count() == before
    ns._pyroRelease()
print("fine")
`;
    const { stdout, stderr } = await run(PYTHON, ["-c", program], { env: names.env });

    expect(stdout + stderr).toBe("fine\n");
  });

  test("Pyro4's HTTP gateway shows our objects and calls them", PATIENCE, async () => {
    class Greeter {
      static readonly exposed = ["hello", "mood"];
      hello(name: string): string {
        return `hello ${name}`;
      }
      get mood(): string {
        return "fine";
      }
    }
    const daemon = await Daemon.start({ host: "127.0.0.1" });
    onTestFinished(() => daemon.close());
    const ns = await locateNS("127.0.0.1", names.port);
    await ns.register("http.greeter", daemon.register(new Greeter()));
    await ns._pyroRelease();
    const port = await freePort();
    const args = ["-m", "Pyro4.utils.httpgateway", "-H", "127.0.0.1", "-p", String(port)];
    const gateway = new Program(PYTHON, args, { env: names.env });
    onTestFinished(() => void gateway.stop("SIGKILL"));
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}/pyro/${path}`)).text();
    await eventually("the gateway serves", async () => (await get("")).includes("http.greeter"));

    expect(JSON.parse(await get("http.greeter/$meta"))).toEqual({ methods: ["hello"], attributes: ["mood"] });
    expect(await get("http.greeter/hello?name=you")).toBe('"hello you"');
    expect(await get("http.greeter/mood")).toBe('"fine"');
    expect(JSON.parse(await get("http.greeter/hello"))).toMatchObject({ __class__: "builtins.TypeError" });
  });

  test("Python's client finds it by broadcast", PATIENCE, async () => {
    const port = await freePort();
    const bcport = await freePort();
    const args = ["ns", "-n", "0.0.0.0", "-p", String(port), "--bchost", "127.0.0.1", "--bcport", String(bcport)];
    const open = new Program(...script("lib/pyro/cli.ts", args));
    onTestFinished(() => void open.stop());
    await open.printed(/Broadcast server running on 127\.0\.0\.1:\d+[^]*URI = PYRO/);
    const env = {
      PYRO_NS_PORT: String(await freePort()),
      PYRO_NS_BCPORT: String(bcport),
      PYRO_BROADCAST_ADDRS: "127.0.0.1",
    };

    const { stdout, stderr } = await run(PYTHON, ["-c", "import Pyro4; print(Pyro4.locateNS()._pyroUri)"], { env });

    expect(stdout + stderr).toBe(`PYRO:Pyro.NameServer@127.0.0.1:${port}\n`);
  });
});

describeWithPeers(["python-pyro4"], "Python's name server under our tools", () => {
  test("locateNS, nsc and types work on it", PATIENCE, async () => {
    const names = await startNameServer("Python");
    onTestFinished(() => void names.program.stop());
    const nsc = async (...args: string[]) =>
      (await run(...script("lib/pyro/cli.ts", ["nsc", "-n", "127.0.0.1", "-p", String(names.port), ...args]))).stdout;
    const ns: Proxy<RemoteNameServer> = await locateNS("127.0.0.1", names.port);

    await ns.register("a.b", "PYRO:x@h:1", false, new Set(["red"]));
    expect(await ns.list("a.")).toEqual({ "a.b": "PYRO:x@h:1" });
    expect(await nsc("lookup", "a.b")).toBe("PYRO:x@h:1\nmetadata: ['red']\n");
    expect(await nsc("register", "a.b", "PYRO:x@h:1")).toBe("Error: NamingError - name already registered: a.b\n");
    await ns._pyroRelease();
    const { stdout } = await run(
      ...script("lib/pyro/cli.ts", ["types", `PYRO:Pyro.NameServer@127.0.0.1:${names.port}`]),
    );

    expect(stdout).toContain("export interface PyroNameServer {\n  count(...args: unknown[]): unknown;\n");
  });
});

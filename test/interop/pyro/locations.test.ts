import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program, run } from "../../support/program.ts";
import { testDir } from "../../support/temp_dir.ts";

class Echo {
  static exposed = ["echo"];

  echo(value: unknown): unknown {
    return value;
  }
}

const CLIENT = `
import sys, Pyro4
print(Pyro4.Proxy(sys.argv[1]).echo("from Python"))
`;
const SERVER = `
import sys, Pyro4
@Pyro4.expose
class Echo(object):
    def echo(self, value): return value
kind, place = sys.argv[1:]
daemon = Pyro4.Daemon(unixsocket=place) if kind == "unixsocket" else Pyro4.Daemon(host=place)
print("READY " + str(daemon.register(Echo, "echo")), flush=True)
daemon.requestLoop()
`;

describeWithPeers(["python-pyro4"], "Between us and Python", () => {
  const places: readonly [what: string, kind: "unixsocket" | "host", place: () => string][] = [
    ["a unix socket", "unixsocket", () => join(testDir(), "s")],
    ["IPv6", "host", () => "::1"],
  ];

  test.each(places)("Python's client calls our daemon over %s", async (_what, kind, place) => {
    const daemon = await Pyro.Daemon.start({ [kind]: place() });
    onTestFinished(() => daemon.close());
    const uri = String(daemon.register(new Echo(), "echo"));

    expect(await run(PYTHON, ["-c", CLIENT, uri])).toMatchObject({ stdout: "from Python\n", stderr: "" });
  });

  test.each(places)("our client calls Python's daemon over %s", async (_what, kind, place) => {
    const server = new Program(PYTHON, ["-c", SERVER, kind, place()]);
    onTestFinished(() => void server.stop());
    const [, uri = ""] = await server.printed(/READY (\S+)/);
    const proxy = new Pyro.Proxy<Echo>(uri);

    expect(await proxy.echo("from here")).toBe("from here");
    await proxy._pyroRelease();
  });

  test("Python's client makes 70,000 calls in a row: sequence numbers begin again", async () => {
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1" });
    onTestFinished(() => daemon.close());
    const uri = String(daemon.register(new Echo(), "echo"));
    const program = "import sys, Pyro4\np = Pyro4.Proxy(sys.argv[1])\n" +
      "print(sum(p.echo(1) for _ in range(70000)), p._pyroSeq)";

    expect((await run(PYTHON, ["-c", program, uri])).stdout).toBe(`70000 ${70_000 - 65_536}\n`);
  });
});

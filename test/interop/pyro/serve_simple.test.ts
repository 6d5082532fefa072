import { expect, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program, run } from "../../support/program.ts";
import { freePort } from "../../support/redis_server.ts";

class Clock {
  static exposed = ["tick"];

  tick(): string {
    return "tock";
  }
}

class Bell {
  static exposed = ["ring"];

  ring(): string {
    return "ding";
  }
}

/** Python's client, which also says what the name server lists. */
const CLIENT = `
import sys, Pyro4
ns = Pyro4.locateNS()
print(Pyro4.Proxy("PYRONAME:example.clock").tick(), sorted(name for name in ns.list() if name.startswith("example")))
`;

/** The same served by Python. */
const SERVER = `
import Pyro4
@Pyro4.expose
class Clock(object):
    def tick(self): return "tock"
@Pyro4.expose
class Bell(object):
    def ring(self): return "ding"
Pyro4.Daemon.serveSimple({Clock: "example.clock", Bell(): None}, host="127.0.0.1")
`;

/** What differs between two runs, and between the two languages. */
function normalized(lines: string): string {
  return lines.replace(/obj_[0-9a-f]{32}/g, "obj_ID").replace(/:\d+$/gm, ":PORT")
    .replace(/<class '__main__\.(\w+)'>/, "<class '$1'>").replace(/<__main__\.(\w+) object at 0x\w+>/, "<$1 object>");
}

describeWithPeers(["python-pyro4"], "Daemon.serveSimple", () => {
  test("registers with Python's name server, prints what Python prints, and serves until it is closed", async () => {
    const port = await freePort();
    const env = { PYRO_NS_HOST: "127.0.0.1", PYRO_NS_PORT: String(port), PYTHONUNBUFFERED: "1" };
    const ns = new Program(PYTHON, ["-m", "Pyro4.naming", "-n", "127.0.0.1", "-p", String(port), "-x"]);
    await ns.printed(/URI = /);
    const theirs = new Program(PYTHON, ["-c", SERVER], { env });
    await theirs.printed(/Pyro daemon running\./);
    await theirs.stop();
    const printed: string[] = [];
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1" });

    const served = Pyro.Daemon.serveSimple(
      new Map<object, string | null>([[Clock, "example.clock"], [new Bell(), null]]),
      {
        daemon,
        config: Pyro.configFromVariables(env),
        print: (line) => printed.push(line),
      },
    );
    await eventually("it runs", () => printed.includes("Pyro daemon running."));
    const { stdout } = await run(PYTHON, ["-c", CLIENT], { env });
    daemon.shutdown();
    await served;
    await ns.stop();

    expect(stdout).toBe("tock ['example.clock']\n");
    expect(normalized(`${printed.join("\n")}\n`)).toBe(normalized(theirs.stdout));
  });
});

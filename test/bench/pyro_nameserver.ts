/**
 * Look-ups at a name server: our client at ours, against Python's client at Python's. Servers run in processes of their own.
 * @module
 */
import { locateNS } from "../../lib/pyro/mod.ts";
import { PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";
import { alternate, type Bench, type Measurement, rate, runAlone } from "./harness.ts";

const LOOKUPS = 5000;
const NAMES = 1000;
const IN_FLIGHT = 64;

const PYTHON_LOOP = `
import sys, time, Pyro4
port, lookups, names = map(int, sys.argv[1:])
ns = Pyro4.locateNS("127.0.0.1", port)
start = time.perf_counter()
for i in range(lookups):
    ns.lookup("name.%d" % (i % names))
print(lookups / (time.perf_counter() - start))
`;

/** Starts a name server, and registers the names. */
async function start(command: readonly [string, string[]], port: number): Promise<Program> {
  const program = new Program(...command);
  await program.printed(/URI = PYRO:/);
  const ns = await locateNS("127.0.0.1", port);
  await Promise.all(
    Array.from({ length: NAMES }, (_, i) => ns.register(`name.${i}`, `PYRO:object.${i}@127.0.0.1:4711`)),
  );
  await ns._pyroRelease();
  return program;
}

/** Look-ups a second, `inFlight` of them at a time. */
async function ourRate(port: number, lookups: number, inFlight: number): Promise<number> {
  const ns = await locateNS("127.0.0.1", port);
  const perSecond = await rate(lookups, async () => {
    for (let i = 0; i < lookups; i += inFlight) {
      await Promise.all(Array.from({ length: inFlight }, (_, k) => ns.lookup(`name.${(i + k) % NAMES}`)));
    }
  });
  await ns._pyroRelease();
  return perSecond;
}

async function pythonRate(port: number, lookups: number): Promise<number> {
  const { stdout, stderr } = await run(PYTHON, ["-c", PYTHON_LOOP, String(port), String(lookups), String(NAMES)]);
  if (stdout === "") throw new Error(`Python's client failed: ${stderr}`);
  return Number(stdout);
}

export const bench: Bench = {
  name: "pyro_nameserver",
  needs: ["python-pyro4"],
  about: "Name server: look-ups a second on one connection, ours and Python's, each with its own client.",
  async run({ rounds, scale }) {
    const [ours, theirs] = [await freePort(), await freePort()];
    const lookups = Math.round(LOOKUPS * scale);
    const servers = await Promise.all([
      start(script("lib/pyro/cli.ts", ["ns", "-n", "127.0.0.1", "-p", String(ours), "-x"]), ours),
      start([PYTHON, ["-m", "Pyro4.naming", "-n", "127.0.0.1", "-p", String(theirs), "-x"]], theirs),
    ]);
    const measurements: Measurement[] = [];
    try {
      await ourRate(ours, lookups, IN_FLIGHT); // the compiler's share
      const against = { against: "Python Pyro4 4.82", unit: "calls/s", moreIsBetter: true };
      const python = () => pythonRate(theirs, lookups);
      measurements.push({
        what: "name server look-ups, one after the other",
        ...against,
        ...await alternate(rounds, () => ourRate(ours, lookups, 1), python),
      });
      measurements.push({
        what: `name server look-ups, ${IN_FLIGHT} in flight`,
        ...against,
        ...await alternate(rounds, () => ourRate(ours, lookups, IN_FLIGHT), python),
        target: 3,
      });
      measurements.push({
        what: "name server look-ups by Python's client",
        ...against,
        ...await alternate(rounds, () => pythonRate(ours, lookups), python),
      });
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
    return measurements;
  },
};

await runAlone(import.meta.url, bench);

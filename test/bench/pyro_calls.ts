/**
 * Calls of a far method: our proxy at our daemon, against Python's proxy at Python's daemon, and against a bare TCP echo of
 * the same bytes. Every server is a process of its own.
 * @module
 */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { batch, Proxy } from "../../lib/pyro/mod.ts";
import { PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { alternate, type Bench, type Measurement, rate, runAlone } from "./harness.ts";

interface Calls {
  add(a: number, b: number): number;
  echo(value: unknown): unknown;
}

const SEQUENTIAL = 10_000;
const IN_FLIGHT = 64;
const BATCHED = 10_000;
const LARGE = 60;
/** Calls before the clock starts, on either side and in every round: until then strings of this size are written into memory fresh from the system. */
const LARGE_WARM_UP = 60;
const LARGE_TEXT = "x".repeat(1_000_000);

/** Bytes of an INVOKE of `add(1, 2)` and of its RESULT, annotation included. */
const REQUEST_BYTES = 24 + "# serpent utf-8 python3.2\n('bench.calls','add',(1,2),{})".length;
const ANSWER_BYTES = 24 + 22 + "# serpent utf-8 python3.2\n3".length;

async function oneByOne(proxy: Proxy<Calls>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await proxy.add(1, 2);
}

async function inFlight(proxy: Proxy<Calls>, count: number): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (left-- > 0) await proxy.add(1, 2);
  }));
}

async function batched(proxy: Proxy<Calls>, count: number): Promise<void> {
  const calls = batch(proxy);
  for (let i = 0; i < count; i++) calls.add(1, 2);
  let sum = 0;
  for (const result of await calls()) sum += Number(result);
  if (sum !== 3 * count) throw new Error(`The batch came back wrong: ${sum}`);
}

async function large(proxy: Proxy<Calls>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await proxy.echo(LARGE_TEXT);
}

/** Requests that only go there and back, without a word of Pyro. */
function bareEcho(socket: Socket, count: number): Promise<void> {
  const request = Buffer.alloc(REQUEST_BYTES);
  return new Promise((resolve) => {
    let left = count;
    const answered = () => {
      if (--left > 0) return void socket.write(request);
      socket.off("data", answered);
      resolve();
    };
    socket.on("data", answered);
    socket.write(request);
  });
}

async function pythonRate(
  uri: string,
  what: "calls" | "batch" | "large",
  count: number,
  warmUp: number,
): Promise<number> {
  const args = ["test/bench/pyro/calls_client.py", uri, what, String(count), String(warmUp)];
  const { stdout, stderr } = await run(PYTHON, args);
  if (stdout === "") throw new Error(`Python's client failed: ${stderr}`);
  return Number(stdout);
}

export const bench: Bench = {
  name: "pyro_calls",
  needs: ["python-pyro4"],
  about: "Pyro calls a second: add(1, 2) one by one, 64 in flight, in a batch, and echo of a 1 MB text.",
  async run({ rounds, scale }) {
    const python = new Program(PYTHON, ["test/bench/pyro/calls_server.py"]);
    const ours = new Program(...script("test/bench/pyro/calls_server.ts", [String(ANSWER_BYTES)]));
    const measurements: Measurement[] = [];
    try {
      const [, pythonUri = ""] = await python.printed(/READY (\S+)/);
      const [, uri = "", port = ""] = await ours.printed(/READY (\S+) (\d+)/);
      await using proxy = new Proxy<Calls>(uri);
      const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
      await once(socket, "connect");
      const warmUp = Math.max(1, Math.round(LARGE_WARM_UP * scale));
      const scaled = (count: number) => Math.max(1, Math.round(count * scale));
      const compare = async (
        what: string,
        target: number,
        work: (proxy: Proxy<Calls>, count: number) => Promise<void>,
        count: number,
        pythonWork: "calls" | "batch" | "large",
      ) => {
        await work(proxy, count); // the compiler's share
        const result = await alternate(
          rounds,
          async () => {
            if (work === large) await large(proxy, warmUp);
            return await rate(count, () => work(proxy, count));
          },
          () => pythonRate(pythonUri, pythonWork, count, warmUp),
        );
        measurements.push({
          what,
          target,
          against: "Python Pyro4 4.82",
          unit: "calls/s",
          moreIsBetter: true,
          ...result,
        });
      };
      await compare("calls one by one", 1.3, oneByOne, scaled(SEQUENTIAL), "calls");
      const count = scaled(SEQUENTIAL);
      measurements.push({
        what: "calls one by one",
        against: "bare TCP echo of the same bytes",
        unit: "calls/s",
        moreIsBetter: true,
        target: 0.75,
        ...await alternate(
          rounds,
          () => rate(count, () => oneByOne(proxy, count)),
          () => rate(count, () => bareEcho(socket, count)),
        ),
      });
      await compare("calls, 64 in flight", 5, inFlight, scaled(SEQUENTIAL), "calls");
      await compare("calls in a batch of 10,000", 5, batched, BATCHED, "batch");
      await compare("echo of a 1 MB text", 10, large, scaled(LARGE), "large");
      socket.destroy();
    } finally {
      await Promise.all([python.stop(), ours.stop()]);
    }
    return measurements;
  },
};

await runAlone(import.meta.url, bench);

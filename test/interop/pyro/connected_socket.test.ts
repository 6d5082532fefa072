import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";

/** Starts Python with one half of a socket pair as its file descriptor 3; the other half is ours. */
function startPython(role: "daemon" | "proxy"): { child: ChildProcess; socket: Socket } {
  const child = spawn(PYTHON, ["test/python/pyro/connected_socket.py", role], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const socket: unknown = child.stdio[3];
  if (!(socket instanceof Socket)) throw new Error("there is no pipe to Python");
  return { child, socket };
}

class Counter {
  static exposed = ["n", "add", "fail", "count"];
  #n = 0;

  get n(): number {
    return this.#n;
  }

  add(amount: number): number {
    return this.#n += amount;
  }

  fail(): void {
    throw new RangeError("out of range");
  }

  *count(n: number): Generator<number> {
    for (let i = 0; i < n; i++) yield i;
  }
}

describeWithPeers(["python-pyro4"], "A socket that is connected already", () => {
  test("joins our proxy to Python's daemon", async () => {
    const { child, socket } = startPython("daemon");
    const proxy = new Pyro.Proxy<Counter>("counter", { connectedSocket: socket });

    expect(await proxy.add(1)).toBe(1);
    expect(await proxy.add(2)).toBe(3);
    expect(await proxy.n).toBe(3);
    await expect(proxy.fail()).rejects.toThrow("out of range");
    const items: number[] = [];
    for await (const item of await proxy.count(3)) items.push(item);
    expect(items).toEqual([0, 1, 2]);
    expect(String(proxy._pyroUri)).toBe("PYRO:counter@<<connected-socket>>:0");
    await proxy._pyroRelease(); // as in Python, it stays
    expect(await proxy.n).toBe(3);

    socket.destroy();
    await once(child, "exit"); // its requestLoop has ended
    await expect(proxy.add(1)).rejects.toThrow("the connected socket has ended");
  });

  test("joins Python's proxy to our daemon, which ends with it", async () => {
    const { child, socket } = startPython("proxy");
    const daemon = await Pyro.Daemon.start({ connectedSocket: socket });
    daemon.register(new Counter(), "counter");
    let printed = "";
    child.stdout?.on("data", (text) => printed += text);

    await daemon.requestLoop();

    if (child.exitCode === null) await once(child, "exit");
    expect(JSON.parse(printed)).toEqual([
      ["add", "count", "fail"],
      "PYRO:counter@<<connected-socket>>:0",
      1,
      3,
      3,
      [0, 1, 2],
      ["ValueError", "out of range"],
      ["DaemonError", "unknown object"],
    ]);
  });
});

import { once } from "node:events";
import { connect, createServer, Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import * as Pyro from "../../lib/pyro/mod.ts";
import { testDir } from "../support/temp_dir.ts";

class Echo {
  static exposed = ["echo", "address"];

  echo(value: unknown): unknown {
    return value;
  }

  address(): string | undefined {
    return Pyro.currentContext()?.clientAddress;
  }
}

/** Two ends of one unix socket, destroyed when the test is over. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(join(testDir(), "s"));
  await once(server, "listening");
  const one = connect(server.address() as string);
  const [other] = await once(server, "connection") as [Socket];
  if (one.connecting) await once(one, "connect");
  server.close();
  onTestFinished(() => {
    one.destroy();
    other.destroy();
  });
  return [one, other];
}

describe("connectedSocket", () => {
  test("carries calls without a handshake, many at a time", async () => {
    const [one, other] = await socketPair();
    const daemon = await Pyro.Daemon.start({ connectedSocket: other });
    const proxy = new Pyro.Proxy<Echo>("echo", { connectedSocket: one });
    const early = proxy.echo("before there is anything to call");
    daemon.register(new Echo(), "echo");

    expect(await early).toBe("before there is anything to call");
    expect(await Promise.all([proxy.echo(1), proxy.echo(2), proxy.echo(3)])).toEqual([1, 2, 3]);
    expect(await proxy.address()).toBe("the connected socket");
    expect(daemon.location).toBe("./u:<<not-bound>>");
    expect(daemon.describe()).toContain("Servertype: <SocketServer_ExistingConnection on ./u:<<not-bound>>>");
    await daemon.close();
    await expect(proxy.echo(4)).rejects.toThrow("the connected socket has ended, and only its owner can make another");
  });

  test("goes on after a call of an object that is not there", async () => {
    const [one, other] = await socketPair();
    const daemon = await Pyro.Daemon.start({ connectedSocket: other });
    daemon.register(new Echo(), "echo");
    const nothing = new Pyro.Proxy<Echo>("nothing", { connectedSocket: one });

    await expect(nothing.echo(1)).rejects.toThrow("unknown object");
    await expect(nothing.echo(1)).rejects.toThrow("unknown object");
    await daemon.close();
  });

  test("ends the daemon's request loop with the client, whose resources are closed", async () => {
    const [one, other] = await socketPair();
    const seen: string[] = [];
    const daemon = await Pyro.Daemon.start({
      connectedSocket: other,
      clientDisconnect: ({ address }) => void seen.push(address),
    });
    daemon.register(new Echo(), "echo");
    const ended = daemon.requestLoop();

    one.end();

    await ended;
    expect(seen).toEqual(["the connected socket"]);
  });

  test("is closed by a daemon that never got an object", async () => {
    const [one, other] = await socketPair();
    const daemon = await Pyro.Daemon.start({ connectedSocket: other });

    await daemon.close();

    one.resume();
    await once(one, "close");
  });

  test("has to be connected, and to speak TLS where that is asked for", async () => {
    const [one] = await socketPair();
    const closed = new Socket();
    closed.destroy();

    expect(() => new Pyro.Proxy("echo", { connectedSocket: closed })).toThrow(
      "Cannot use connectedSocket: it is closed",
    );
    expect(() => new Pyro.Proxy("echo", { connectedSocket: new Socket() })).toThrow("it is not connected yet");
    await expect(Pyro.Daemon.start({ connectedSocket: one, tls: {} })).rejects.toThrow(
      "SSL configured for Pyro but existing socket is not a SSL socket",
    );
  });
});

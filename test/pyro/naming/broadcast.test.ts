import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { broadcastForNameServer, BroadcastResponder } from "../../../lib/pyro/naming/broadcast.ts";
import { Uri } from "../../../lib/pyro/wire/uri.ts";
import { FakeClock } from "../../support/fake_clock.ts";

async function responder(uri: string): Promise<BroadcastResponder> {
  const server = await BroadcastResponder.start(Uri.parse(uri), { host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  return server;
}

/** Sends datagrams and resolves with the first answer. */
async function ask(port: number, ...requests: string[]): Promise<string> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  for (const request of requests) socket.send(request, port, "127.0.0.1");
  const [answer] = await once(socket, "message") as [Buffer];
  return answer.toString("latin1");
}

describe("BroadcastResponder", () => {
  test("answers the nine bytes, and nothing else", async () => {
    const { port } = await responder("PYRO:Pyro.NameServer@somewhere:1");

    expect(await ask(port, "get_nsuri", "GET_NSURI ", "", "GET_NSURI")).toBe("PYRO:Pyro.NameServer@somewhere:1");
  });

  test("names the address that faces the asker where it listens on all", async () => {
    const { port } = await responder("PYRO:Pyro.NameServer@0.0.0.0:7");

    expect(await ask(port, "GET_NSURI")).toBe("PYRO:Pyro.NameServer@127.0.0.1:7");
  });

  test("says where it hears", async () => {
    const server = await responder("PYRO:a@h:1");

    expect(server.location).toBe(`127.0.0.1:${server.port}`);
  });
});

describe("broadcastForNameServer", () => {
  test("finds a responder among addresses that do not answer", async () => {
    const { port } = await responder("PYRO:Pyro.NameServer@h:1");

    const uri = await broadcastForNameServer({ addresses: ["", "127.0.0.1"], port });

    expect(String(uri)).toBe("PYRO:Pyro.NameServer@h:1");
  });

  test("takes no answer that is no URI", async () => {
    const stranger = createSocket("udp4").bind(0, "127.0.0.1");
    onTestFinished(() => void stranger.close());
    await once(stranger, "listening");
    stranger.on("message", (_, asker) => {
      stranger.send("hello", asker.port, asker.address);
      stranger.send("PYRO:Pyro.NameServer@h:2", asker.port, asker.address);
    });

    const uri = await broadcastForNameServer({ addresses: ["127.0.0.1"], port: stranger.address().port });

    expect(String(uri)).toBe("PYRO:Pyro.NameServer@h:2");
  });

  test("gives up after three tries of 0.7 s, and leaves no timer", async () => {
    const clock = new FakeClock();
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    onTestFinished(() => void silent.close());
    await once(silent, "listening");
    let asked = 0;
    silent.on("message", () => asked++);

    const found = broadcastForNameServer({ addresses: ["127.0.0.1"], port: silent.address().port, clock });
    for (const expected of [1, 2, 3]) {
      await expect.poll(() => asked).toBe(expected);
      await clock.advance(700);
    }

    expect(await found).toBeUndefined();
    expect(clock.armed).toBe(0);
  });

  test("ends with its signal", async () => {
    const stop = new AbortController();
    const found = broadcastForNameServer({ addresses: ["127.0.0.1"], port: 9, signal: stop.signal });
    stop.abort(new Error("enough"));

    await expect(found).rejects.toThrow("enough");
  });
});
